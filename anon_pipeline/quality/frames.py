"""Tables as design matrices for the utility measures: one encoder, fitted on the real table only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoder:
    """Numbers standardised with their median filled in and a flag where missing; categories as indicators."""

    numeric: dict[str, tuple[float, float, float]]
    flags: list[str]
    levels: dict[str, list[str]]

    @classmethod
    def of(cls, frame: pd.DataFrame, numeric: list[str], most_levels: int = 20) -> Encoder:
        numbers = {}
        for column in numeric:
            values = frame[column].to_numpy(dtype=float)
            known = values[np.isfinite(values)]
            spread = float(known.std()) if len(known) else 0.0
            median = float(np.median(known)) if len(known) else 0.0
            numbers[column] = (median, float(known.mean()) if len(known) else 0.0, spread or 1.0)
        flags = [c for c in numeric if 0 < frame[c].isna().mean() < 1]
        levels = {
            c: [str(v) for v in frame[c].value_counts().index[:most_levels]] for c in frame.columns if c not in numbers
        }
        return cls(numbers, flags, levels)

    def matrix(self, frame: pd.DataFrame, leave_out: str | None = None) -> NDArray[np.float64]:
        """(rows, features) without the features of ``leave_out``."""
        parts: list[NDArray[np.float64]] = []
        for column, (median, mean, spread) in self.numeric.items():
            if column != leave_out:
                values = frame[column].to_numpy(dtype=float)
                parts.append((np.where(np.isfinite(values), values, median) - mean) / spread)
        parts += [frame[c].isna().to_numpy(dtype=float) for c in self.flags if c != leave_out]
        for column, values in self.levels.items():
            if column != leave_out:
                text = frame[column].astype(object).to_numpy()
                parts += [(text == value).astype(float) for value in values]
        return np.column_stack(parts) if parts else np.zeros((len(frame), 0))
