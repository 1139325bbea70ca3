"""What the tables benchmark measures on one release of one split: the same for every method."""

from __future__ import annotations

import numpy as np
import pandas as pd


def membership(train: pd.DataFrame, control: pd.DataFrame, made: pd.DataFrame, seed: int) -> tuple[float, float, float]:
    """Calibrated distance (half of the people kept out is the reference): AUC, TPR at 1 % and at 10 %."""
    from sklearn.metrics import roc_curve
    from sklearn.neighbors import NearestNeighbors

    mean, spread = train.mean(), train.std() + 1e-9

    def space(frame: pd.DataFrame) -> np.ndarray:
        return np.nan_to_num(((frame[train.columns] - mean) / spread).to_numpy(float))

    shuffled = control.sample(frac=1, random_state=seed)
    reference, outsiders = shuffled.iloc[: len(shuffled) // 2], shuffled.iloc[len(shuffled) // 2 :]
    near, far = NearestNeighbors(n_neighbors=1).fit(space(made)), NearestNeighbors(n_neighbors=1).fit(space(reference))

    def score(frame: pd.DataFrame) -> np.ndarray:
        at = space(frame)
        return far.kneighbors(at)[0][:, 0] - near.kneighbors(at)[0][:, 0]

    inside, outside = score(train), score(outsiders)
    truth = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    fpr, tpr, _ = roc_curve(truth, np.r_[inside, outside])
    return float(np.trapezoid(tpr, fpr)), float(np.interp(0.01, fpr, tpr)), float(np.interp(0.1, fpr, tpr))


def cox(frame: pd.DataFrame, covariates: list[str], alpha: float):
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    return CoxPHSurvivalAnalysis(alpha=alpha).fit(frame[covariates].astype(float), outcome(frame))


def outcome(frame: pd.DataFrame) -> np.ndarray:
    pairs = [(bool(e), max(float(t), 0.5)) for e, t in zip(frame["cens"], frame["days"], strict=True)]
    return np.array(pairs, dtype=[("event", bool), ("time", float)])


def hazard(frame: pd.DataFrame) -> tuple[float, float]:
    """Log hazard ratio of the other arms against arm 0, and its standard error."""
    from statsmodels.duration.hazard_regression import PHReg

    treated = (frame["arms"] != 0).to_numpy(float)[:, None]
    time = np.maximum(frame["days"].to_numpy(float), 0.5)
    fit = PHReg(time, treated, status=frame["cens"].to_numpy(float), ties="efron").fit(disp=0)
    return float(fit.params[0]), float(fit.bse[0])


def c_index(fit: pd.DataFrame, test: pd.DataFrame, leave: tuple[str, ...]) -> float:
    covariates = [c for c in test.columns if c not in leave]
    return float(cox(fit, covariates, 1e-3).score(test[covariates].astype(float), outcome(test)))


def correlation_error(a: pd.DataFrame, b: pd.DataFrame) -> float:
    return float(np.nanmean(np.abs(a.corr().to_numpy() - b[a.columns].corr().to_numpy())))


def privacy(train: pd.DataFrame, control: pd.DataFrame, made: pd.DataFrame) -> dict[str, float]:
    found = np.mean([membership(train, control, made, seed) for seed in range(2)], axis=0)
    return dict(zip(("auc", "tpr_at_1", "tpr_at_10"), map(float, found), strict=True))


def survival(
    train: pd.DataFrame, control: pd.DataFrame, made: pd.DataFrame, leave: tuple[str, ...]
) -> dict[str, float]:
    """delta_log_hr, whether it lies inside the real interval, and the loss of the c-index on people kept out."""
    try:
        real, error = hazard(train)
        ours, _ = hazard(made)
        loss = c_index(train, control, leave) - c_index(made, control, leave)
    except (ValueError, np.linalg.LinAlgError):
        return {"delta_log_hr": float("nan"), "inside": 0.0, "c_index_loss": float("nan")}
    return {
        "delta_log_hr": ours - real,
        "inside": float(abs(ours - real) <= 1.96 * error),
        "c_index_loss": loss,
    }


def models(train: pd.DataFrame, control: pd.DataFrame, made: pd.DataFrame) -> dict[str, float]:
    """Mean loss of AUC of three families trained on the release, and the better of two detectors."""
    from anon_pipeline.quality.utility_models import detector, targets, train_synthetic_test_real

    frames = [frame[train.columns].astype(float) for frame in (train, made, control)]
    names = list(train.columns)
    chosen = targets(frames[0], names, None, set())
    tested = train_synthetic_test_real(*frames, names, chosen, 0)
    return {
        "tstr_loss": float(tested["mean_loss"] if tested["mean_loss"] is not None else np.nan),
        "detector": float(detector(frames[0], frames[1], names, 0)["auc"]),
    }
