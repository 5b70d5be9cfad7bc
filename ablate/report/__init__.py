"""Reports, made from a study's records alone: no training, no Keras.

`report` computes what a report says, with ``numbers/``; ``sections/`` put it into words, ``figures/``
draw, ``formats/`` write it down, one file for each format.
"""
