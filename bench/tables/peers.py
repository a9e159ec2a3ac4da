"""The figures of scikit-learn and LightGBM on one test fold: a JSON request a line in, a JSON answer a line out.

scikit-learn's models are fitted on training and validation rows; LightGBM chooses its round on the validation rows.
"""

import json
import sys

import numpy as np
import pandas as pd

missing = []
try:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
except ImportError:
    missing.append("scikit-learn")
try:
    import lightgbm
except ImportError:
    missing.append("lightgbm")


def dense(columns, numeric):
    """Median, z-score and one-hot, as most write it."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="missing"),
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            [name for name in columns if name not in numeric],
        ),
    )


def figures(model, x, y, is_classes):
    if not is_classes:
        return {"r2": r2_score(y, model.predict(x))}
    answer = {"accuracy": accuracy_score(y, model.predict(x))}
    if len(np.unique(y)) == 2:
        answer["auc"] = roc_auc_score(y, model.predict_proba(x)[:, 1])
    return answer


class Standardised:
    """A regression on targets with mean 0 and deviation 1."""

    def __init__(self, model):
        self.model = model

    def fit(self, x, y):
        self.mean, self.std = y.mean(), y.std()
        self.model.fit(x, (y - self.mean) / self.std)
        return self

    def predict(self, x):
        return self.model.predict(x) * self.std + self.mean


def scikit(is_classes, columns, numeric, seed):
    if is_classes:
        linear, network = LogisticRegression(max_iter=2000), MLPClassifier(max_iter=500, random_state=seed)
        boosting = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)
    else:
        linear, network = Ridge(), Standardised(MLPRegressor(max_iter=500, random_state=seed))
        boosting = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=seed)
    return {
        "linear": (dense(columns, numeric), linear),
        "sklearn MLP": (dense(columns, numeric), network),
        "HistGradientBoosting": (None, boosting),
    }


def measure(request):
    table = pd.read_csv(request["csv"])
    folds = pd.read_csv(request["folds"])["fold"].to_numpy()
    seed, target = request["seed"], request["target"]
    y = table.pop(target)
    is_classes = request["task"] == "classification"
    y = pd.factorize(y, sort=True)[0] if is_classes else y.to_numpy(float)
    numeric = list(table.select_dtypes("number").columns)
    texts = [name for name in table.columns if name not in numeric]
    objects = table.copy()
    objects[texts] = objects[texts].astype(object).where(objects[texts].notna(), np.nan)
    categories = table.copy()
    for name in texts:
        categories[name] = categories[name].astype("category")
    test, validation = folds == seed, folds == (seed + 1) % 5
    known, train = ~test, ~test & ~validation
    answer = {}
    if "scikit-learn" not in missing:
        for name, (prepare, model) in scikit(is_classes, table.columns, numeric, seed).items():
            if prepare is None:
                model.fit(categories[known], y[known])
                answer[name] = figures(model, categories[test], y[test], is_classes)
            else:
                model.fit(prepare.fit_transform(objects[known]), y[known])
                answer[name] = figures(model, prepare.transform(objects[test]), y[test], is_classes)
    if "lightgbm" not in missing:
        kind = lightgbm.LGBMClassifier if is_classes else lightgbm.LGBMRegressor
        model = kind(n_estimators=2000, learning_rate=0.05, random_state=seed, n_jobs=2, verbose=-1)
        model.fit(
            categories[train],
            y[train],
            eval_set=[(categories[validation], y[validation])],
            callbacks=[lightgbm.early_stopping(50, verbose=False)],
        )
        answer["LightGBM"] = figures(model, categories[test], y[test], is_classes)
    return answer


print(json.dumps({"missing": missing}), flush=True)
for line in sys.stdin:
    print(json.dumps(measure(json.loads(line))), flush=True)
