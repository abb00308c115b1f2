"""Raw folders written from names and texts, and what is read from them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from apparel_eye.data.layouts import Layout, read_layout
from apparel_eye.data.raw_folder import scan_folder
from apparel_eye.parameters import IngestParameters


@pytest.fixture
def lay_out(tmp_path: Path, limits: IngestParameters) -> Callable[..., Layout]:
    """Write files, by name and text, into a raw folder and read the layout; names that end with a slash are folders."""

    def read(files: dict[str, str | bytes], category: str, **ingest: object) -> Layout:
        for name, content in files.items():
            path = tmp_path / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_layout(scan_folder(tmp_path), category, limits.labels.model_copy(update=ingest))

    return read
