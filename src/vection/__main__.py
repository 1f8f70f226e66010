"""`python -m vection`, the same as `vection`; `torchrun -m vection train ...` trains on several devices."""

import sys

from vection.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
