import keras


def build(input_shape, num_classes, *, units=32, dropout=0.0):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(units, "relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(num_classes, "softmax"),
        ]
    )
