"""From a report to what people look at: figures, a page, a table, TensorBoard."""

from rlbatch.compare.report.board import write_tensorboard
from rlbatch.compare.report.page import page
from rlbatch.compare.report.save import save_figures
from rlbatch.compare.report.table import terminal_table

__all__ = ["page", "save_figures", "terminal_table", "write_tensorboard"]
