import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.synthetic_records import example, jpeg, textured_image
from trainer.case_classifier import CaseClassifier
from trainer.case_records import PixelStatistics
from trainer.encoders import build_encoder
from trainer.projection_head import build_projection_head
from trainer.projection_layer import first_projection_layer, initial_projection_layer
from trainer.serving import export_case_model
from trainer.settings import EncoderSettings

SIDE = 16
CLASSES = ["eczema", "naevus", "psoriasis"]
STATISTICS = PixelStatistics((0.5, 0.4, 0.3), (0.2, 0.25, 0.15), SIDE)
RNG = np.random.default_rng(0)
# Three cases of two, one and three images.
IMAGES = [[textured_image(i % 2, RNG, SIDE) for i in range(count)] for count in (2, 1, 3)]


@pytest.fixture(scope="module", params=["encoder", "projection_first_layer"])
def classifier(request):
    encoder = build_encoder(EncoderSettings("resnet18", 0.125, "imagenet", SIDE), seed=1)
    random_layer = initial_projection_layer(64, None, seed=1)
    classifier = CaseClassifier(
        encoder,
        STATISTICS,
        task="multi_class",
        class_count=3,
        projection=None if request.param == "encoder" else random_layer,
        seed=1,
    )
    rng = np.random.default_rng(2)
    classifier.head.set_weights([rng.normal(size=(64, 3)), rng.normal(size=3)])
    return classifier


def scores_by_hand(classifier, cases):
    """Image by image: normalise, encode, project, average, dense layer, softmax."""
    kernel, bias = classifier.head.get_weights()
    rows = []
    for images in cases:
        normalised = (np.stack(images) / 255 - STATISTICS.mean) / STATISTICS.std
        features = [
            classifier.encoder(image[None].astype(np.float32), training=False)
            for image in normalised
        ]
        if classifier.projection is not None:
            features = [classifier.projection(feature, training=False) for feature in features]
        exponentials = np.exp(np.mean(np.concatenate(features), axis=0) @ kernel + bias)
        rows.append(exponentials / exponentials.sum())
    return np.array(rows)


def test_a_case_is_scored_by_the_mean_of_its_images_features(classifier):
    images = np.concatenate(IMAGES).astype(np.float32) / 255
    logits = classifier(tf.constant(images), tf.constant([0, 0, 1, 2, 2, 2]), tf.constant(3))
    np.testing.assert_allclose(
        classifier.scores(logits), scores_by_hand(classifier, IMAGES), atol=1e-5
    )


def test_the_first_projection_layer_is_applied_to_each_image_before_the_mean():
    encoder = build_encoder(EncoderSettings("resnet18", 0.125, "imagenet", SIDE), seed=1)
    projection_head = build_projection_head(64, layers=3, projection_size=8, seed=2)
    rng = np.random.default_rng(3)
    projection_head.variables[0].assign(rng.normal(0, 0.3, (64, 64)))
    for variable in projection_head.variables[1:]:
        variable.assign(rng.uniform(0.2, 1.5, variable.shape))
    classifier = CaseClassifier(
        encoder,
        STATISTICS,
        task="multi_class",
        class_count=3,
        projection=first_projection_layer(projection_head),
    )
    cases = [np.stack(images).astype(np.float32) / 255 for images in IMAGES]
    received = classifier.embed(
        tf.constant(np.concatenate(cases)), tf.constant([0, 0, 1, 2, 2, 2]), tf.constant(3)
    )

    kernel, gamma, beta, mean, variance = (v.numpy() for v in projection_head.variables[:5])
    by_hand = []
    for images in cases:
        normalised = (images - STATISTICS.mean) / STATISTICS.std
        features = encoder(normalised.astype(np.float32), training=False).numpy()
        hidden = gamma * (features @ kernel - mean) / np.sqrt(variance + 1e-5) + beta
        by_hand.append(np.maximum(hidden, 0).mean(axis=0))
    np.testing.assert_allclose(received, by_hand, rtol=1e-4, atol=1e-4)
    assert np.count_nonzero(by_hand) not in (0, np.size(by_hand))


def test_findings_are_scored_independently():
    encoder = build_encoder(EncoderSettings("resnet18", 0.125, "imagenet", SIDE))
    classifier = CaseClassifier(encoder, STATISTICS, task="multi_label", class_count=2)
    logits = tf.constant([[0.0, 2.0]])
    np.testing.assert_allclose(classifier.scores(logits), [[0.5, 1 / (1 + np.exp(-2))]], rtol=1e-6)


@pytest.fixture(scope="module")
def served(classifier, tmp_path_factory):
    """The exported model; its preprocessing takes a table, as a vocabulary would be."""
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["image"], [0]), default_value=1
    )

    def preprocess(examples):
        features = tf.io.parse_example(examples, {"image": tf.io.RaggedFeature(tf.string)})
        with tf.control_dependencies([table.lookup(tf.constant(["image"]))]):
            return {"image": features["image"]}

    directory = str(tmp_path_factory.mktemp("model"))
    export_case_model(
        directory,
        classifier,
        preprocess,
        preprocess_images=tf.identity,
        classes=CLASSES,
        trackables=[table],
    )
    return tf.saved_model.load(directory).signatures


def decoded(images):
    """What is left of images after JPEG."""
    return [tf.io.decode_jpeg(jpeg(image)).numpy() for image in images]


def test_the_served_model_scores_cases_as_the_classifier_does(classifier, served):
    examples = [example(images, f"c{i}", f"p{i}") for i, images in enumerate(IMAGES)]
    outputs = served["serving_default"](examples=tf.constant(examples))
    expected = scores_by_hand(classifier, [decoded(images) for images in IMAGES])
    np.testing.assert_allclose(outputs["scores"], expected, atol=1e-5)
    assert outputs["classes"].numpy().tolist() == [[name.encode() for name in CLASSES]] * 3


def test_the_served_model_scores_image_files_as_cases_of_one_image(classifier, served):
    images = [image for case in IMAGES for image in case]
    outputs = served["predict_images"](images=tf.constant([jpeg(image) for image in images]))
    expected = scores_by_hand(classifier, [decoded([image]) for image in images])
    np.testing.assert_allclose(outputs["scores"], expected, atol=1e-5)


def test_the_served_features_lead_to_the_served_scores(classifier, served):
    examples = tf.constant([example(images, "c", "p") for images in IMAGES])
    features = served["embed"](examples=examples)["features"]
    np.testing.assert_allclose(
        tf.nn.softmax(classifier.head(features)),
        served["serving_default"](examples=examples)["scores"],
        atol=1e-5,
    )


def test_the_order_of_a_cases_images_does_not_matter(served):
    scores = [
        served["serving_default"](examples=tf.constant([example(images, "c", "p")]))["scores"]
        for images in (IMAGES[2], IMAGES[2][::-1])
    ]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)
