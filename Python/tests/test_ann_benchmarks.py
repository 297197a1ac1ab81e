"""The class for ann-benchmarks and VIBE, in a harness that calls it as those two do."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

yaml = pytest.importorskip("yaml")
FOLDER = Path(__file__).parents[2] / "Benchmarks/ann_benchmarks"
COUNT = 10

if not FOLDER.is_dir():
    pytest.skip("the benchmarks are not in a source distribution", allow_module_level=True)


def load():
    specification = importlib.util.spec_from_file_location("module", FOLDER / "module.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def configured(file):
    """(arguments, query arguments) of everything that a harness would run."""
    (algorithm,) = yaml.safe_load((FOLDER / file).read_text())["float"]["any"]
    assert algorithm["constructor"] == "SwiftTurboQuant"
    for group in algorithm["run_groups"].values():
        for arguments in itertools.product(*group["args"]):
            for query_arguments in itertools.product(*group["query_args"]):
                yield arguments, query_arguments


@pytest.fixture(scope="module")
def data(shipped):
    base, queries = shipped
    return base[:2000], queries[:20]


def exact(base, queries, metric):
    products = queries @ base.T
    if metric == "euclidean":
        products = 2 * products - (base**2).sum(axis=1)
    elif metric in ("angular", "cosine"):
        products = products / np.linalg.norm(base, axis=1)
    return np.argsort(-products, axis=1)[:, :COUNT]


def recall(found, truth):
    return np.mean([len(set(f) & set(t)) / COUNT for f, t in zip(found, truth, strict=True)])


@pytest.mark.parametrize("file", ["config.yml", "vibe.yml"])
def test_every_configuration(data, file):
    base, queries = data
    constructor = load().SwiftTurboQuant
    truth = exact(base, queries, "angular")
    names, recalls = set(), {}
    for arguments, runs in itertools.groupby(configured(file), key=lambda pair: pair[0]):
        algorithm = constructor("angular", *arguments)
        algorithm.fit(base)
        for _, query_arguments in runs:
            algorithm.set_query_arguments(*query_arguments)
            names.add(str(algorithm))
            singles = [algorithm.query(q, COUNT) for q in queries]
            algorithm.batch_query(queries, COUNT)
            for one, many in zip(singles, algorithm.get_batch_results(), strict=True):
                assert one.dtype == np.int64 and len(set(one)) == COUNT
                np.testing.assert_array_equal(one, many)
            recalls[arguments, query_arguments] = recall(singles, truth)
    assert len(names) == len(list(configured(file))), "names must tell configurations apart"
    # Each bit halves the error of a score, so what is found must grow; at 8 bits only rows that are nearly tied are missed.
    plain = [recalls[(bits, "none"), ("exhaustive", 0)] for bits in (1, 2, 4, 8)]
    assert plain == sorted(set(plain)) and plain[-1] > 0.95
    # The best 200 of 2,000 rows, compared by their float16 originals, hold what is nearest even at 2 bits.
    assert recalls[(2, "float16"), ("certified", 200)] > 0.98
    assert recalls[(1, "float16"), ("certified", 20)] > recalls[(1, "none"), ("certified", 0)]


@pytest.mark.parametrize("metric", ["angular", "cosine", "euclidean", "ip", "normalized"])
def test_every_metric(data, metric):
    base, queries = data
    base = base * np.linspace(0.5, 2, len(base), dtype=np.float32)[:, None]
    if metric == "normalized":
        base = base / np.linalg.norm(base, axis=1, keepdims=True)
    algorithm = load().SwiftTurboQuant(metric, 8)
    algorithm.fit(base)
    found = [algorithm.query(q, COUNT) for q in queries]
    # At 8 bits only rows that are nearly tied change places.
    assert recall(found, exact(base, queries, metric)) > 0.95


def test_a_metric_that_there_is_not():
    with pytest.raises(ValueError, match="'hamming' is none of angular"):
        load().SwiftTurboQuant("hamming", 4)
