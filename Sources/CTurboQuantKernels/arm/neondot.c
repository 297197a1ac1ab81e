// The NEON target where there are dot products too (DotProd: every core since ARMv8.4, most since 8.2):
// sixteen products of bytes in one instruction. Everything else is the NEON target.

#define CTQ_DOT_PRODUCTS
#include "neon.c"
