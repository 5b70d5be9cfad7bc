"""Architectures, one file each: a function ``build(input_shape, num_classes, ...)``.

`input_shape` is (height, width, channels). Every other argument is a hyperparameter of the
search space with the same file name under ``search_spaces/``. `build` returns a
`keras.Model` that maps images to class probabilities. It raises ValueError where a
configuration cannot be built; the trial is then infeasible. Names with a leading underscore
are helpers.
"""
