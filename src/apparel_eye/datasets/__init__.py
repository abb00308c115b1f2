"""The project's own Kedro datasets: whole or not at all, and checksummed."""

from apparel_eye.datasets.array import ArrayDataset, EarlierArrayDataset
from apparel_eye.datasets.atomic import AtomicDataset
from apparel_eye.datasets.csv_table import CsvDataset
from apparel_eye.datasets.folder import OwnPhotosDataset, PhotoFolderDataset, RawFolderDataset
from apparel_eye.datasets.growing_array import EarlierGrowingArrayDataset, GrowingArrayDataset
from apparel_eye.datasets.heads import HeadDataset, HeadsDataset
from apparel_eye.datasets.subsets import SubsetsDataset
from apparel_eye.datasets.table import EarlierTableDataset, TableCsvDataset, TableDataset
from apparel_eye.datasets.tensors import CheckpointDataset, EarlierCheckpointDataset, WeightsDataset

__all__ = [
    "ArrayDataset",
    "AtomicDataset",
    "CheckpointDataset",
    "CsvDataset",
    "EarlierArrayDataset",
    "EarlierCheckpointDataset",
    "EarlierGrowingArrayDataset",
    "EarlierTableDataset",
    "GrowingArrayDataset",
    "HeadDataset",
    "HeadsDataset",
    "OwnPhotosDataset",
    "PhotoFolderDataset",
    "RawFolderDataset",
    "SubsetsDataset",
    "TableCsvDataset",
    "TableDataset",
    "WeightsDataset",
]
