import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from whole_flow import CANDIDATES

from apparel_eye.errors import UsageError
from apparel_eye.metrics.calibration import apply_temperature
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.prediction.models import load_category
from apparel_eye.prediction.recognizer import About, Candidate, Mixture, Recognizer

IDENTITIES = np.arange(5, dtype=np.uint64)


@pytest.fixture(scope="module")
def load(results: Path) -> Callable[[str], Recognizer]:
    return lambda candidate: load_category(results, "skirt_length", candidate)


def photos(recognizer: Recognizer) -> list[np.ndarray]:
    """Five photos of noise at each of the sizes."""
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (5, *size, 3), dtype=np.uint8) for size in recognizer.sizes]


def at_other_sizes(recognizer: Recognizer, network: tuple[int, int], activations: tuple[int, int]) -> Recognizer:
    """The same models, as if photos were looked at otherwise."""
    about, models = recognizer.about, recognizer._models
    described = {**models.network.description, "size": list(network)}
    extraction = about.activations.model_copy(update={"size": activations})
    return Recognizer(
        about.model_copy(update={"activations": extraction, "parts": {}}),
        replace(models, network=Checkpoint.single(dict(models.network.of("best")), described)),
        recognizer.candidate,
    )


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_probabilities_are_tempered(load: Callable[[str], Recognizer], candidate: str, temperature: float) -> None:
    known = load(candidate)
    with_temperature = {
        degrees: Recognizer(
            known.about.model_copy(update={"candidates": {candidate: Candidate(temperature=degrees, threshold=None)}}),
            known._models,
            candidate,
        )
        for degrees in (1.0, temperature)
    }
    raw, tempered = (with_temperature[degrees].predict(photos(known), IDENTITIES) for degrees in (1.0, temperature))
    np.testing.assert_allclose(tempered, apply_temperature(raw, temperature, range(raw.shape[1])), atol=1e-6)
    np.testing.assert_allclose(tempered.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_photos_answer_does_not_depend_on_its_neighbors(load: Callable[[str], Recognizer], candidate: str) -> None:
    recognizer = load(candidate)
    pixels = photos(recognizer)
    together = recognizer.predict(pixels, IDENTITIES)
    for order in ([4, 2, 0], [3], [1, 1]):
        found = recognizer.predict([of_size[order] for of_size in pixels], IDENTITIES[order])
        np.testing.assert_allclose(found, together[order], atol=1e-5)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_photos_are_looked_at_in_the_sizes_that_the_candidate_needs_each_once(
    load: Callable[[str], Recognizer], candidate: str
) -> None:
    needs = {"plain": "network", "tta": "network", "blend": "both"}.get(candidate, "activations")
    of_network, of_activations = (48, 32), (64, 96)
    sizes = {"network": (of_network,), "activations": (of_activations,), "both": (of_network, of_activations)}
    other = at_other_sizes(load(candidate), of_network, of_activations)
    assert other.sizes == sizes[needs]
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8))
    assert [pixels.shape for pixels in other.pixels_of(image)] == [(*size, 3) for size in sizes[needs]]
    assert at_other_sizes(load(candidate), of_network, of_network).sizes == (of_network,)


def test_a_blend_is_the_mean_of_its_candidates_each_at_its_size(load: Callable[[str], Recognizer]) -> None:
    size = load("tta").sizes[0]
    network, head = (at_other_sizes(load(candidate), (48, 32), size) for candidate in ("tta", "xgboost"))
    mixture = Mixture(temperatures={"tta": 1.0, "xgboost": 1.0}, weights={"tta": 0.3, "xgboost": 0.7})
    candidates = {name: Candidate(temperature=1.0, threshold=None) for name in ("blend", "tta", "xgboost")}

    def answers(recognizer: Recognizer, candidate: str) -> np.ndarray:
        about = recognizer.about.model_copy(update={"blend": mixture, "candidates": candidates})
        same = Recognizer(about, network._models, candidate)
        generator = np.random.default_rng(7)
        pixels = {each: generator.integers(0, 256, (5, *each, 3), dtype=np.uint8) for each in ((48, 32), size)}
        return same.predict([pixels[each] for each in same.sizes], IDENTITIES)

    found, tta, xgboost = answers(network, "blend"), answers(network, "tta"), answers(head, "xgboost")
    assert np.abs(tta - xgboost).max() > 0.01
    np.testing.assert_allclose(found, 0.3 * tta + 0.7 * xgboost, atol=1e-6)


def test_the_candidate_that_was_chosen_answers_where_none_is_named(load: Callable[[str], Recognizer]) -> None:
    assert load("").candidate == load("tta").about.candidate


def test_a_misspelt_candidate_is_refused_with_the_nearest_name(load: Callable[[str], Recognizer]) -> None:
    with pytest.raises(UsageError, match=r"predict.candidate is 'xgbost'; did you mean xgboost\?"):
        load("xgbost")


def test_the_version_changes_with_any_weight_and_with_how_the_models_are_used(
    load: Callable[[str], Recognizer],
) -> None:
    recognizer = load("tta")
    about, models = recognizer.about.model_copy(update={"parts": {}}), recognizer._models
    assert load("plain").version == recognizer.version
    name = "head.linear.2.bias" if "head.linear.2.bias" in models.network.of("best") else "head.hidden.6.bias"
    weights = dict(models.network.of("best"))
    weights[name] = weights[name] + np.float32(1e-3)
    first = min(models.networks)
    others = [
        Recognizer(about.model_copy(update={"precision": 0.5}), models, "tta"),
        Recognizer(about, replace(models, network=Checkpoint.single(weights, models.network.description)), "tta"),
        Recognizer(about, replace(models, heads={**models.heads, "xgboost": models.heads["xgboost"] + " "}), "tta"),
        Recognizer(about, replace(models, heads={**models.heads, "bags": models.heads["bags"] + " "}), "tta"),
        Recognizer(about.model_copy(update={"pooling": "grid"}), models, "tta"),
        Recognizer(about, replace(models, networks={**models.networks, first: models.networks[first] + 1}), "tta"),
    ]
    versions = {recognizer.version, *(other.version for other in others)}
    assert len(versions) == 7
    assert all(len(version) == 12 for version in versions)


def test_what_older_versions_did_not_know_is_read_as_what_their_models_were_trained_with(
    load: Callable[[str], Recognizer],
) -> None:
    recognizer = load("tta")
    kept = json.loads(recognizer.about.model_dump_json())
    assert kept["augmentation"].pop("max_hue") == 0
    older = Recognizer(About.model_validate_json(json.dumps(kept)), recognizer._models, "tta")
    assert older.about == recognizer.about
    # what decides on its version is as the older one wrote it, so that tables that it began are gone on with
    assert json.loads(older.about.model_dump_json(exclude_defaults=True)) == kept
    turned = recognizer.about.augmentation.model_copy(update={"max_hue": 0.1})
    about = recognizer.about.model_copy(update={"augmentation": turned})
    assert Recognizer(about, recognizer._models, "tta").version != recognizer.version == older.version


def test_a_device_that_is_not_here_is_replaced_by_the_processor(load: Callable[[str], Recognizer]) -> None:
    recognizer = load("tta")
    elsewhere = {"device": "mps", "precision": "bfloat16", "memory_format": "contiguous"}
    about = recognizer.about.model_copy(update={"modes": {"predict": elsewhere, "train": elsewhere}})
    assert Recognizer(about, recognizer._models, "tta").mode.device == "cpu"
