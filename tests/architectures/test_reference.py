"""The three networks of the 2019 course report have exactly its numbers of parameters."""

import pytest

from ablate import catalog

MNIST, LINE = ((28, 28, 1), 10), ((28, 28, 3), 96)


def build(name, input_shape, num_classes, **values):
    return catalog.load("architectures", name).build(input_shape, num_classes, **values)


def layers(model, kind):
    return [layer for layer in model.layers if type(layer).__name__ == kind]


@pytest.mark.parametrize(
    ("name", "data", "parameters"),
    [
        ("baseline", MNIST, 6_435_530),
        ("baseline", LINE, 6_526_816),
        ("bottleneck", MNIST, 55_826),
        ("bottleneck", LINE, 62_568),
        ("variation", MNIST, 133_194),
        ("variation", LINE, 221_920),
    ],
)
def test_the_parameters_are_the_reports(name, data, parameters):
    assert build(name, *data).count_params() == parameters


def test_no_1x1_convolution_stands_in_a_bottleneck_of_zero():
    squeezed, plain = (build("bottleneck", *MNIST, bottleneck_filters=n) for n in (8, 0))
    assert [layer.kernel_size for layer in layers(squeezed, "Conv2D")] == [(3, 3), (1, 1), (3, 3)]
    assert [layer.kernel_size for layer in layers(plain, "Conv2D")] == [(3, 3), (3, 3)]


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [("max", "MaxPooling2D"), ("average", "AveragePooling2D"), ("stride", None)],
)
def test_pooling_is_a_layer_or_a_stride(pooling, kind):
    model = build("variation", *MNIST, pooling=pooling)
    strides = {layer.strides for layer in layers(model, "Conv2D")}
    assert strides == ({(1, 1)} if kind else {(2, 2)})
    assert len([layer for layer in model.layers if "Pooling" in type(layer).__name__]) == (
        3 if kind else 0
    )
    assert len(layers(model, kind)) == 3 if kind else True


def test_batch_norm_can_be_left_out_and_takes_its_momentum():
    model = build("variation", *MNIST, batch_norm_momentum=0.7)
    assert [layer.momentum for layer in layers(model, "BatchNormalization")] == [0.7] * 3
    assert not layers(build("variation", *MNIST, batch_norm=False), "BatchNormalization")


@pytest.mark.parametrize(
    ("values", "rates"),
    [
        ({}, [0.5]),
        ({"dropout": 0.0}, []),
        ({"block_dropout": 0.2}, [0.2, 0.2, 0.2, 0.5]),
    ],
)
def test_dropout_sits_after_blocks_and_dense_layer(values, rates):
    model = build("variation", *MNIST, **values)
    assert [layer.rate for layer in layers(model, "Dropout")] == rates


def test_the_penalty_weighs_on_every_kernel_but_the_last():
    model = build("bottleneck", *MNIST, l2=0.01)
    weighed = [layer for layer in model.layers if getattr(layer, "kernel_regularizer", None)]
    assert len(weighed) == 4
    assert len(model.losses) == 4
    assert not build("bottleneck", *MNIST).losses


@pytest.mark.parametrize("name", ["bottleneck", "variation"])
def test_an_image_that_is_too_small_cannot_be_built(name):
    with pytest.raises(ValueError):
        build(name, (4, 4, 1), 10)
