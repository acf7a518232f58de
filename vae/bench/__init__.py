"""How fast the library and the app are on this machine, beside the naive way in the same run.

The naive training loop is that of the PyTorch examples' VAE: a DataLoader that makes a tensor of
one image at a time, float32, Adam with a constant learning rate. Naive decoding and encoding call
the float32 model. Every measurement has a process of its own, so that none finds the memory or the
threads of another; throughputs are medians, in images a second.
"""

from vae.bench.run import run_bench

__all__ = ["run_bench"]
