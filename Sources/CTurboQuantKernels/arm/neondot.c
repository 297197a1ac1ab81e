// The NEON target with dot products (DotProd: every core since ARMv8.4, most since 8.2), which make sixteen products of
// bytes in one instruction. Everything else is as in the NEON target.

#define CTQ_DOT_PRODUCTS
#include "neon.c"
