"""Figure 2 of Reddi, Kale and Kumar (ICLR 2018): training on MNIST and CIFAR-10, panel by panel."""
