"""Any video or folder of images into a clip folder.

Imports `data.clips`. Names are imported when they are used: reading video needs PyAV.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.data.ingest.clip_writer import ClipWriter as ClipWriter
    from vection.data.ingest.clip_writer import IngestSettings as IngestSettings
    from vection.data.ingest.files import find_sources as find_sources
    from vection.data.ingest.ingestion import Ingested as Ingested
    from vection.data.ingest.ingestion import ingest as ingest
    from vection.data.ingest.parallax import Parallax as Parallax
    from vection.data.ingest.parallax import measure_parallax as measure_parallax
    from vection.data.ingest.static_mask import find_usable as find_usable
    from vection.data.ingest.video import ImageFolder as ImageFolder
    from vection.data.ingest.video import VideoFile as VideoFile
    from vection.data.ingest.video import VideoFrame as VideoFrame
    from vection.data.ingest.video import open_source as open_source

_MODULES = {
    "ClipWriter": "vection.data.ingest.clip_writer",
    "ImageFolder": "vection.data.ingest.video",
    "IngestSettings": "vection.data.ingest.clip_writer",
    "Ingested": "vection.data.ingest.ingestion",
    "Parallax": "vection.data.ingest.parallax",
    "VideoFile": "vection.data.ingest.video",
    "VideoFrame": "vection.data.ingest.video",
    "find_sources": "vection.data.ingest.files",
    "find_usable": "vection.data.ingest.static_mask",
    "ingest": "vection.data.ingest.ingestion",
    "measure_parallax": "vection.data.ingest.parallax",
    "open_source": "vection.data.ingest.video",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
