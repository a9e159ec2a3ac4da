// A layer's parameters to and from PyTorch's order.
#pragma once
#include "layout.h"

// weights (outputs, inputs) and bias (outputs) are those of the outputs given, from the first of them on.
void writeParameters(const DenseShape &shape, const Parameters &to, const float *weights, const float *bias, Range outputs);
void readParameters(const DenseShape &shape, const Parameters &from, float *weights, float *bias);
