"""Workers of tests that begin as copies of a process which has loaded Keras: to load it takes seconds.

A copy is a worker as any other, a process of its own in the folder and the environment that it is
given, and carries out the same code; only its imports were made before. Whether a worker loads what
it should is for the tests of start-up, of backends and of executors, which start real ones.
"""
