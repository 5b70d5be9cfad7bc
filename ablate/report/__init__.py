"""Reports, made from a study's records alone: no training, no Keras.

`summary` computes what a report says, `figures` draws, ``formats/`` write it down, one file for
each format.
"""
