#include "demo_data.h"
int ctq_demo;
