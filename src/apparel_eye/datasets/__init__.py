"""The project's own Kedro datasets: whole or not at all, and checksummed."""

from apparel_eye.datasets.array import ArrayDataset
from apparel_eye.datasets.atomic import AtomicDataset
from apparel_eye.datasets.csv_table import CsvDataset
from apparel_eye.datasets.elsewhere import ElsewhereDataset
from apparel_eye.datasets.folder import OwnPhotosDataset, PhotoFolderDataset, RawFolderDataset
from apparel_eye.datasets.heads import HeadDataset, HeadsDataset
from apparel_eye.datasets.sealed import EarlierDataset
from apparel_eye.datasets.subsets import SubsetsDataset
from apparel_eye.datasets.table import TableCsvDataset, TableDataset
from apparel_eye.datasets.tensors import CheckpointDataset, WeightsDataset

__all__ = [
    "ArrayDataset",
    "AtomicDataset",
    "CheckpointDataset",
    "CsvDataset",
    "EarlierDataset",
    "ElsewhereDataset",
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
