"""One dense layer."""

import keras


def build(input_shape, num_classes, *, units=16, dropout=0.0):
    """Builds the network."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(units, "relu")(x)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    outputs = keras.layers.Dense(num_classes, "softmax")(x)
    return keras.Model(inputs, outputs, name="shallow")
