"""A member of each family that shows, added by its registry alone: nothing else is to change."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from kedro.pipeline import Node, Pipeline
from matplotlib.figure import Figure as Picture
from pandera.typing import Series
from PIL import Image
from whole_flow import CATEGORY, VALUES, Run, nodes_in

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.pipelines import ingest
from apparel_eye.schemas import Table
from drawn_garments import write_samples
from drawn_garments.cloth import Cloth, Layer, shade
from drawn_garments.designs import Design
from drawn_garments.figure import Figure
from drawn_garments.garments import skirt_layers, top_outline
from drawn_garments.geometry import box, tube
from drawn_garments.labels import lengths
from drawn_garments.lengths import Length
from drawn_garments.necks import round_neckline
from drawn_garments.outfits import LENGTHS
from drawn_garments.scenes import Look, Outfit, garment_cloth
from drawn_garments.shapes import DESIGNS


def pockets(figure: Figure, value: int, size: float, look: Look, generator: np.random.Generator) -> Outfit:
    """A top with two patches, or with two slits."""
    cloth = garment_cloth(generator, look)
    outline = top_outline(figure, round_neckline(0.05, 0.03), figure.height_at(0.6), 0.01, 0.02, 0.0)
    darker = Cloth(shade(cloth.color, 0.5), flat=True)
    patches = [box(x - 0.02, 0.1, x + 0.02, 0.15) for x in (-0.04, 0.04)]
    slits = [tube(patch[:2], [0.003, 0.003], rounds=0) for patch in patches]
    shapes = tuple(figure.on_front(each) for each in (patches if value == 1 else slits))
    return Outfit((Layer("top", (outline,), cloth), Layer("pockets", shapes, darker)))


def apron(figure: Figure, level: float, look: Look, generator: np.random.Generator) -> Outfit:
    """An apron that ends at a level."""
    return Outfit(tuple(skirt_layers(figure, garment_cloth(generator, look), level, generator)))


def flat_apron(figure: Figure, cloth: Cloth, level: float, look: Look, generator: np.random.Generator) -> list[Layer]:
    """The same, on a table."""
    return skirt_layers(figure, cloth, level, generator)


def add_design(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(DESIGNS, "pocket_design", Design(pockets))


def add_length(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(LENGTHS, "apron_length", Length(apron, flat_apron, lengths(1.2, 1.7, 2.6)))


@pytest.mark.parametrize(
    ("category", "values", "add"),
    [
        ("pocket_design", ("Invisible", "Patch", "Welt"), add_design),
        ("apron_length", ("Invisible", "Short", "Long"), add_length),
    ],
)
def test_a_ninth_attribute_is_an_entry_and_a_drawing(
    category: str,
    values: tuple[str, ...],
    add: Callable[[pytest.MonkeyPatch], None],
    kedro_run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(DIMENSIONS, category, values)
    add(monkeypatch)
    write_samples(tmp_path / "raw", [category], photos=4, questions=1, seed=2, size=96)
    exit_code, said = kedro_run("--pipeline=ingest", raw=tmp_path / "raw", data=tmp_path / "data", category=category)
    assert exit_code == 0, said
    manifest = pd.read_parquet(tmp_path / "data" / "03_primary" / category / "manifest.parquet")
    labelled = manifest[manifest["role"] == "labelled"]
    assert Counter(labelled["value"]) == dict.fromkeys(values, 4)
    assert (labelled["label_string"].str.index("y") == labelled["value"].map(values.index)).all()
    assert (manifest["role"] == "to predict").sum() == len(values)
    assert manifest["sha256"].is_unique


class Domains(Table):
    """Photos by where they are from."""

    domain: Series[str] = pa.Field(unique=True)
    photos: Series[int] = pa.Field(ge=1)


ENTRIES = f"""
domains:
  type: apparel_eye.datasets.CsvDataset
  filepath: ${{runtime_params:data}}/08_reporting/${{runtime_params:category}}/domains.csv
  schema: {__name__}.Domains
domains_figure:
  type: apparel_eye.datasets.AtomicDataset
  filepath: ${{runtime_params:data}}/08_reporting/${{runtime_params:category}}/domains.png
  dataset: {{type: matplotlib.MatplotlibDataset}}
"""


def count_domains(manifest: pd.DataFrame) -> pd.DataFrame:
    """How many photos are of each domain."""
    return manifest["domain"].value_counts().rename_axis("domain").reset_index(name="photos")


def draw_domains(domains: pd.DataFrame) -> Picture:
    """A bar for each."""
    figure = Picture(figsize=(2, 2), dpi=100)
    figure.subplots().bar(domains["domain"], domains["photos"])
    return figure


def test_a_table_and_a_figure_are_a_node_and_an_entry_of_the_catalog(
    kedro_run: Run, garments: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made, checked by the table's schema, sealed, and not made again."""
    nodes = [
        Node(count_domains, "manifest", "domains", name="count_domains"),
        Node(draw_domains, "domains", "domains_figure", name="draw_domains"),
    ]
    create = ingest.create_pipeline
    monkeypatch.setattr(ingest, "create_pipeline", lambda: create() + Pipeline(nodes))
    shutil.copytree(project / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "base" / "ingest" / "catalog_more.yml").write_text(ENTRIES)
    given = {"raw": garments, "data": tmp_path / "data", "category": CATEGORY, "ingest__max_quarantine_share": 0.1}
    options = ("--pipeline=ingest", f"--conf-source={tmp_path / 'conf'}")
    made = {"ingest · count_domains", "ingest · draw_domains"}
    exit_code, said = kedro_run(*options, **given)
    assert exit_code == 0, said
    assert made <= set(nodes_in(said)[0])
    folder = tmp_path / "data" / "08_reporting" / CATEGORY
    table = pd.read_csv(folder / "domains.csv")
    assert set(table["domain"]) == {"worn", "flat"}
    assert table["photos"].sum() == 12 * len(VALUES) - 1
    with Image.open(folder / "domains.png") as picture:
        assert picture.size == (200, 200)
    assert {"domains.csv.seal", "domains.png.seal"} <= {path.name for path in (folder / ".seals").iterdir()}
    exit_code, said = kedro_run(*options, **given)
    assert exit_code == 0, said
    assert made <= set(nodes_in(said)[1])
