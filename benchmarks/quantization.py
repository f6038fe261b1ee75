"""What quantization costs: size, time, and answers on held-out faces, for each model.

    python -m benchmarks.quantization                 # three minutes
    python -m benchmarks.quantization --seeds 3 --models svm fisher

Models are trained on frontal faces, and quantized as asked, even if an export would not accept it.
"""

import argparse
import time
from collections import defaultdict

import numpy as np
from rich.progress import track

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition
from faces.evaluation.metrics import calibration_error
from faces.models import build_model, model_names
from faces.models.export import export_model
from faces.models.quantization import quantize_within_tolerance
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import PortableModel, quantize, write_portable
from faces.runtime.quantization import FLOAT16, INT8

ROUNDS = 50
Metrics = dict[str, float]


def main() -> None:
    """Measure each model and quantization, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--models", nargs="+", choices=model_names(), default=model_names())
    args = parser.parse_args()
    faces = load_faces("auto")
    results: dict[tuple[str, str], list[Metrics]] = defaultdict(list)
    plan = [(name, seed) for name in args.models for seed in range(args.seeds)]
    for name, seed in track(plan, "training and quantizing"):
        for quantization, metrics in measure(faces, name, seed).items():
            results[name, quantization].append(metrics)
    print_table(results, faces.source, args.seeds)


def measure(faces: Faces, name: str, seed: int) -> dict[str, Metrics]:
    """Train a model on frontal faces, and compare it with its quantized forms."""
    condition = parse_condition("yaw=frontal", faces.conditions)
    split = split_by_condition(faces, condition, seed=seed)
    train, held_out = faces[split.train], faces[np.concatenate([split.test, split.drifted])]
    model = build_model(name, seed=seed)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    exact = export_model(fitted, {})
    return {
        quantization: compare(exact, quantize(exact, quantization), held_out)
        | {"accepted": accepted(exact, quantization, held_out)}
        for quantization in (FLOAT16, INT8)
    }


def compare(exact: PortableModel, quantized: PortableModel, faces: Faces) -> Metrics:
    """Return ratios of size and time, and differences of accuracy, answers and confidence."""
    before, after = (model.predict_proba(faces.pixels) for model in (exact, quantized))
    labels = [model.predict(faces.pixels) for model in (exact, quantized)]
    errors = [
        calibration_error(values.max(axis=1), predicted == faces.labels)
        for values, predicted in zip((before, after), labels, strict=True)
    ]
    accuracies = [float((predicted == faces.labels).mean()) for predicted in labels]
    return {
        "size": len(write_portable(quantized)) / len(write_portable(exact)),
        "time": time_ratio(exact, quantized, faces),
        "accuracy": accuracies[1] - accuracies[0],
        "changed": float((labels[0] != labels[1]).mean()),
        "calibration": errors[1] - errors[0],
        "probability": float(np.abs(after - before).max()),
    }


def time_ratio(exact: PortableModel, quantized: PortableModel, faces: Faces) -> float:
    """Return the median ratio of the times for one face, measured in turn."""
    face = faces.pixels[:1]
    ratios = []
    for _ in range(ROUNDS):
        seconds = []
        for model in (exact, quantized):
            began = time.perf_counter()
            model.predict_with_score(face)
            seconds.append(time.perf_counter() - began)
        ratios.append(seconds[1] / seconds[0])
    return float(np.median(ratios))


def accepted(exact: PortableModel, quantization: str, faces: Faces) -> float:
    """Return 1 if an export would keep the quantization, else 0."""
    kept = quantize_within_tolerance(exact, quantization, faces.pixels)
    return float(kept.quantization == quantization)


def print_table(results: dict[tuple[str, str], list[Metrics]], source: str, seeds: int) -> None:
    """Print a row per model and quantization: means, and the largest change of a probability."""
    print(f"\n{source}, {seeds} seeds; accuracy, answers and calibration in points\n")
    heads = "model | quantization | size | time | accuracy | answers changed | calibration error"
    print(f"| {heads} | largest change of a probability | kept by the export |\n|{'---|' * 9}")
    for (name, quantization), runs in results.items():
        mean = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
        print(
            f"| {name} | {quantization} | ×{mean['size']:.2f} | ×{mean['time']:.2f} "
            f"| {100 * mean['accuracy']:+.2f} | {100 * mean['changed']:.2f} "
            f"| {100 * mean['calibration']:+.2f} | {max(r['probability'] for r in runs):.4f} "
            f"| {mean['accepted']:.0%} |"
        )


if __name__ == "__main__":
    main()
