"""Take each guard out of a copy of the library and see that its tests fail: python -m tests.security.guards"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import vection

SECURITY = "tests/security"


@dataclass(frozen=True)
class Guard:
    """Lines of the library without which something hostile gets through."""

    name: str
    tests: str
    """Those that must fail without it."""
    edits: tuple[tuple[str, str, str], ...]
    """File, what stands there, and what stands there instead."""


def _guard(name: str, tests: str, *edits: tuple[str, str, str]) -> Guard:
    return Guard(name, tests, edits)


REFUSAL = "a_payload_is_refused and "
PROMISE = "a_promise_takes_no_memory and "

GUARDS = (
    _guard(
        "objects in arrays",
        f"test_pickles.py -k '{REFUSAL}(steps or labels or points)'",
        ("array_files.py", "if dtype.hasobject:", "if False:"),
        ("array_files.py", "if promised != held:", "if False:"),
        ("array_files.py", "allow_pickle=False", "allow_pickle=True"),
    ),
    _guard(
        "weights only",
        f"test_pickles.py -k '{REFUSAL}public'",
        ("networks/weights/weight_file.py", "weights_only=True", "weights_only=False"),
    ),
    _guard(
        "the search of exported programs",
        f"test_pickles.py -k '{REFUSAL}exported'",
        ("engines/run_times.py", "            check_program(file)\n", ""),
        ("engines/run_times.py", "with only_weights():", "if True:"),
    ),
    _guard(
        "paths that files name",
        "test_paths.py -k 'nothing_outside and not export and not data_set'",
        ("formats/bounds.py", 'return "\\0" in name or any(', "return False and any("),
    ),
    _guard(
        "names of exported pictures",
        "test_paths.py -k an_export_writes",
        ("formats/bounds.py", 'return "\\0" in name or any(', "return False and any("),
    ),
    _guard("links", "test_paths.py -k a_link_out", ("files.py", "if not lies_in(path, folder):", "if False:")),
    _guard(
        "names of sequences",
        "test_paths.py -k a_data_set_writes",
        ("data/prepare/preparation.py", "if leads_out(name) or", "if"),
    ),
    _guard(
        "links at the output",
        "test_paths.py -k at_the_output",
        ("files.py", "temporary.replace(path)", "__import__('shutil').copyfile(temporary, path)"),
    ),
    _guard(
        "sizes of images",
        "test_headers.py -k a_size",
        ("data/clips/image_file.py", "if height * width > MOST_PIXELS:", "if False:"),
    ),
    _guard(
        "chunks of PNG",
        "test_headers.py -k a_chunk",
        ("data/clips/image_file.py", "return height, width, _has_png_end(coded)", "return height, width, True"),
    ),
    _guard(
        "sizes of arrays",
        f"test_headers.py -k '{PROMISE}npy'",
        ("array_files.py", "if promised != held:", "if False:"),
    ),
    _guard(
        "tightly packed arrays",
        f"test_headers.py -k '{PROMISE}unpacks'",
        ("array_files.py", "MOST_TIGHT_BYTES, MOST_RATIO = 2**28, 200", "MOST_TIGHT_BYTES, MOST_RATIO = 2**40, 2**40"),
        ("data/readers/waymo/frame.py", "decompress(compressed, MOST_BYTES)", "decompress(compressed)"),
    ),
    _guard(
        "lengths of records",
        "test_headers.py -k record",
        ("data/readers/waymo/tfrecord.py", "if end > size:", "if False:"),
        ("data/readers/waymo/tfrecord.py", "length = min(struct", "length = max(struct"),
    ),
    _guard(
        "escaping in reports",
        "test_shown.py -k hostile_words",
        ("reports/report.py", "autoescape=True", "autoescape=False"),
    ),
    _guard("escaping in pages", "test_shown.py -k cannot_end", ("exports/page.py", '.replace("<", "\\\\u003c")', "")),
    _guard(
        "names in terminals",
        "test_shown.py -k 'steer or table or spared'",
        ("names.py", "if text.isprintable():", "if text:"),
    ),
    _guard(
        "the policy of reports",
        "test_shown.py -k 'loads_nothing and report'",
        ("reports/report.html", "default-src 'none'; ", ""),
    ),
    _guard(
        "the policy of pages",
        "test_shown.py -k 'loads_nothing and page'",
        ("exports/page.html", "default-src 'none'; ", ""),
    ),
    _guard(
        "downloads over HTTP alone",
        "test_downloads.py -k 'http'",
        (
            "downloads.py",
            "pooch.HTTPDownloader(progressbar=False, timeout=60)(url, str(partial), None)",
            "__import__('shutil').copyfileobj(__import__('urllib.request').request.urlopen(url), partial.open('wb'))",
        ),
    ),
    _guard(
        "a hash for each download",
        "test_downloads.py -k without_a_hash",
        ("downloads.py", 'if not re.fullmatch(r"[0-9a-f]{8,64}", sha256):', "if False:"),
    ),
    _guard(
        "the hash of what arrives",
        "../test_downloads.py",
        ("downloads.py", "if not digest.startswith(sha256):", "if False:"),
    ),
    _guard(
        "the token of the app",
        "../app/test_app.py -k without_the_token",
        ("app/server.py", "return secrets.compare_digest(shown.encode(), self.token.encode())", "return True"),
    ),
    _guard(
        "the address of the app",
        "../app/test_app.py -k without_the_token",
        ("app/server.py", "host=HOST", 'host="0.0.0.0"'),
    ),
    _guard(
        "what others keep in a folder",
        "../faults/test_faults.py -k 'lost or are_kept'",
        ("files.py", "if not known and not (top in above and path.is_dir()):", "if False:"),
    ),
)


def held(guard: Guard, place: Path) -> str:
    """Return what pytest says of the tests of a guard that is taken out of a copy of the library in `place`."""
    package = place / "vection"
    shutil.copytree(Path(vection.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in guard.edits:
        text = (package / name).read_text(encoding="utf-8")
        if old not in text:
            raise SystemExit(f"{guard.name}: {name} does not hold {old!r} any more.")
        (package / name).write_text(text.replace(old, new), encoding="utf-8")
    file, *only = guard.tests.split(" -k ")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{SECURITY}/{file}"]
    words += ["-k", only[0].strip("'")] if only else []
    words += ["-o", f"pythonpath=. {place}"]
    environment = os.environ | {"PYTHONPATH": str(place)}  # of the processes that tests start
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.returncode in (0, 1) else f"error: {done.stdout[-300:]}"


def main(only: str = "") -> int:
    """Print a line for each guard whose name contains `only`; 1 if there is one that no test misses."""
    missed = 0
    print("| without | tests |\n|---|---|")
    for guard in GUARDS:
        if only not in guard.name:
            continue
        with tempfile.TemporaryDirectory() as place:
            said = held(guard, Path(place))
        missed += "failed" not in said
        print(f"| {guard.name} | {said} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
