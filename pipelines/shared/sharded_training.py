"""Training on shards: one step per shard, which runs as a separate job or in a separate process."""

from zenml import pipeline, unmapped

from faces.models.training import AUGMENT_MAX_ROWS
from pipelines.shared.train_and_gate import gate_candidate
from pipelines.shared.training_settings import TrainingSettings
from steps.sharded.evaluate_shard import evaluate_shard, evaluate_shards
from steps.sharded.fit_sharded_features import fit_sharded_features, measure_shard
from steps.sharded.fit_sharded_model import fit_sharded_model, project_shard
from steps.sharded.index_shards import index_shards
from steps.sharded.load_shard import list_shards, load_shard
from steps.training.export_model import export_model


@pipeline(name="training", dynamic=True)
def sharded_training(settings: TrainingSettings) -> None:
    """Train `fisher` from sufficient statistics of shards, and evaluate it.

    1. Load or generate each shard; put their tables together, and split the images by condition.
    2. Compute the moments of each shard's features; fit the principal components to their sum.
    3. Project each shard; fit the classifier and the rejection threshold to the projections.
    4. Evaluate on each shard; then all steps from the export to the gate, as in training.

    Args:
        settings: As for training.
    """
    data, model, params = settings.data, settings.model, settings.params
    named = unmapped(model), unmapped(params)
    shards, tables = load_shard.map(
        list_shards(settings.shards),
        unmapped(settings.shards),
        unmapped(data.source),
        unmapped(data.people),
        unmapped(data.images),
        unmapped(data.seed),
        unmapped(data.crop),
    ).unpack()
    faces, split, rows = index_shards(
        shards, tables, settings.condition, settings.test_share, settings.seed
    )
    images = split.get_hydrated_version().run_metadata["train"]
    augmented = unmapped(images <= AUGMENT_MAX_ROWS)
    moments = measure_shard.map(shards, rows, *named, augmented)
    features = fit_sharded_features(moments, model, params)
    projections = project_shard.map(shards, rows, unmapped(features), augmented)
    fitted, open_set = fit_sharded_model(faces, split, features, projections, model, params)
    portable = export_model(faces, split, fitted, open_set, settings.quantization)
    predictions = evaluate_shard.map(shards, rows, unmapped(portable))
    gate_candidate(
        faces,
        split,
        features,
        fitted,
        portable,
        evaluate_shards(faces, features, predictions, open_set),
        detector=settings.drift_detector,
        gate=settings.gate,
        removed=settings.removed,
        settings=settings.model_dump(mode="json"),
    )
