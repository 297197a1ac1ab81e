// The kernels that scan index blocks, for equality.c. They add whole numbers, or use the same operations
// in the same order everywhere, so all of them must agree to the bit. Each input ends where its memory
// does, so that AddressSanitizer sees the first byte beyond it.

enum { MOST_ROWS = 3 * 32, SUM_GAP = 5 };

/// `count` random bytes that lie `shift` bytes from alignment and end their memory; see `release`.
static uint8_t *random_bytes(size_t count, size_t shift) {
  uint8_t *memory = malloc(count + shift);
  if (!memory) abort();
  for (size_t i = 0; i < count; i++) memory[shift + i] = (uint8_t)next_word();
  return memory + shift;
}

static void release(void *bytes, size_t shift) { free((uint8_t *)bytes - shift); }

// MARK: Rows in blocks

/// Byte r, c of plane p of `planes`, as the comment at `ctq_blocks` says.
static uint8_t byte_there(const uint8_t *part, size_t columns, size_t planes, size_t p, size_t r, size_t c) {
  if (c < columns / 4 * 4) return part[128 * (planes * (c / 4) + p) + 4 * r + c % 4];
  size_t width = columns % 4;
  return part[128 * planes * (columns / 4) + 32 * width * p + width * r + c % 4];
}

/// The code of coordinate i of row r, read as the comment at `ctq_blocks` says.
static uint32_t code_there(const uint8_t *signs, const uint8_t *lower_bits, uint32_t bits, size_t columns, size_t r,
                           size_t i) {
  size_t c = i / 8, nibble = i / 4 % 2 * 4, k = i % 4, plane = 0;
#define BIT(part, planes, p, at) (uint32_t)(byte_there(part, columns, planes, p, r, c) >> (nibble + (at)) & 1)
#define LOWER_BIT(p, at) BIT(lower_bits, bits - 1, p, at)
  uint32_t code = BIT(signs, 1, 0, k) << (bits - 1), below = 0;
  if ((bits - 1) & 4) {
    for (size_t j = 0; j < 4; j++) code |= LOWER_BIT(k, j) << j;
    plane += 4, below += 4;
  }
  if ((bits - 1) & 2) {
    code |= LOWER_BIT(plane + k % 2, (k + 2) % 4) << below;
    code |= LOWER_BIT(plane + k % 2, (k + 3) % 4) << (below + 1);
    plane += 2, below += 2;
  }
  if ((bits - 1) & 1) code |= LOWER_BIT(plane, (k + 1) % 4) << below;
#undef LOWER_BIT
#undef BIT
  return code;
}

/// Bits i * bits ... of a packed row.
static uint32_t packed_code(const uint8_t *codes, uint32_t bits, size_t i) {
  uint32_t code = 0;
  for (size_t k = 0, at = i * bits; k < bits; k++, at++) code |= (uint32_t)(codes[at / 8] >> at % 8 & 1) << k;
  return code;
}

/// The code of coordinate i of row r of a group of quads, read as the comment at them says.
static uint32_t quad_code_there(const uint8_t *codes, uint32_t bits, size_t quads, size_t r, size_t i) {
  // What the bit fields of each width are, the lowest bits first.
  static const uint8_t fields[9][3] = {{0}, {1}, {2}, {2, 1}, {4}, {4, 1}, {4, 2}, {4, 2, 1}, {8}};
  const size_t g = i / 4, at = 4 * r + i % 4;
  uint32_t code = 0, below = 0;
  for (size_t p = 0; p < 3 && fields[bits][p]; p++) {
    const uint32_t width = fields[bits][p];
    const size_t each = 8 / width;
    // The bit fields below have taken 8 bytes a bit and quad.
    const uint8_t byte = codes[8 * below * quads + 64 * (g / each) + at];
    code |= (byte >> g % each * width & ((1u << width) - 1)) << below;
    below += width;
  }
  return code;
}

static void expect(int holds, const char *what, size_t dimension, uint32_t bits) {
  if (holds) return;
  printf("%s fails for %zu coordinates of %u bits\n", what, dimension, bits);
  exit(1);
}

/// Spreads 32 rows of codes, reads each code where it belongs, and packs them again.
static void check_rows(size_t d, uint32_t bits) {
  const size_t columns = (d + 7) / 8, length = (d * bits + 7) / 8;
  state = 100 * d + bits;
  uint8_t *codes = random_bytes(32 * length, 0), *back = random_bytes(32 * length, 0);
  // One bit a coordinate has no bytes beside the signs.
  uint8_t *signs = random_bytes(32 * columns, 0);
  uint8_t *lower_bits = bits > 1 ? random_bytes((bits - 1) * 32 * columns, 0) : 0;
  for (uint32_t r = 0; r < 32; r++) ctq_spread_row(codes + r * length, bits, d, signs, lower_bits, r);
  for (size_t r = 0; r < 32; r++)
    for (size_t i = 0; i < d; i++)
      expect(code_there(signs, lower_bits, bits, columns, r, i) == packed_code(codes + r * length, bits, i),
             "ctq_spread_row", d, bits);
  for (uint32_t r = 32; r-- > 0;) ctq_pack_row(signs, lower_bits, r, bits, d, back + r * length);
  expect(memcmp(codes, back, 32 * length) == 0, "ctq_pack_row", d, bits);
  uint8_t *parts[] = {codes, back, signs, lower_bits};
  for (size_t i = 0; i < 4; i++) free(parts[i]);
}

/// Puts rows into quads, as they are and transposed, and reads each code where the comment at quads says.
static void check_quads(size_t steps, size_t gap, uint32_t bits) {
  const size_t quads = steps * ctq_quads_per_step(bits), length = quads * bits / 2, stride = length + gap;
  state = 100 * steps + bits;
  uint8_t *rows = random_bytes(15 * stride + length, 0), *codes = random_bytes(quads * 8 * bits, 0);
  ctq_fill_quads(rows, stride, bits, quads, codes);
  for (size_t r = 0; r < 16; r++)
    for (size_t i = 0; i < 4 * quads; i++)
      expect(ctq_quad_code(codes, bits, quads, r, i) == packed_code(rows + r * stride, bits, i) &&
                 quad_code_there(codes, bits, quads, r, i) == packed_code(rows + r * stride, bits, i),
             "ctq_fill_quads", quads, bits);
  free(rows);
  free(codes);
  for (size_t groups = 1; groups <= 3; groups++) {
    const size_t width = groups * 2 * bits, apart = width + gap, each = quads * 8 * bits;
    rows = random_bytes((4 * quads - 1) * apart + width, 0), codes = random_bytes(groups * each, 0);
    // A few steps and then the others.
    const size_t some = steps / 3 * ctq_quads_per_step(bits);
    ctq_fill_transposed_quads(rows, apart, bits, groups, quads, 0, some, codes);
    ctq_fill_transposed_quads(rows + 4 * some * apart, apart, bits, groups, quads, some, quads - some, codes);
    for (size_t r = 0; r < 16 * groups; r++)
      for (size_t i = 0; i < 4 * quads; i++)
        expect(ctq_quad_code(codes, bits, quads, r, i) == packed_code(rows + i * apart, bits, r) &&
                   quad_code_there(codes + r / 16 * each, bits, quads, r % 16, i) ==
                       packed_code(rows + i * apart, bits, r),
               "ctq_fill_transposed_quads", quads, bits);
    free(rows);
    free(codes);
  }
}

/// Copies every row to every other and touches nothing else.
static void check_copies(uint32_t columns, uint32_t planes) {
  const size_t size = 32 * (size_t)columns * planes;
  for (uint32_t from = 0; from < 32; from++)
    for (uint32_t to = 0; to < 32; to++) {
      uint8_t *source = random_bytes(size, 0), *target = random_bytes(size, 0), *before = malloc(size);
      if (!before) abort();
      memcpy(before, target, size);
      ctq_copy_row(source, from, target, to, columns, planes);
      for (uint32_t p = 0; p < planes; p++)
        for (uint32_t c = 0; c < columns; c++)
          before[ctq_byte_offset(columns, planes, p, c, to)] = byte_there(source, columns, planes, p, from, c);
      expect(memcmp(before, target, size) == 0, "ctq_copy_row", from, to);
      free(source);
      free(target);
      free(before);
    }
}

/// Gathers some of three blocks' rows, their last planes and their scalars.
static void check_gathering(uint32_t columns, uint32_t planes) {
  enum { BASE = 1000 };
  const uint32_t rows[] = {BASE, BASE + 1, BASE + 31, BASE + 32, BASE + 70, BASE + 95};
  const size_t count = sizeof rows / sizeof *rows, start = 30, block = 32 * (size_t)columns * planes;
  uint8_t *source = random_bytes(3 * block, 0), *target = random_bytes(2 * block, 0);
  uint8_t *last = random_bytes(2 * 32 * (size_t)columns, 0), *scalars = random_bytes(4 * 96, 0);
  float *gathered = (float *)random_bytes(4 * count, 0);
  ctq_gather_rows(source, rows, count, BASE, target, start, columns, planes);
  ctq_gather_last_planes(source, rows, count, BASE, last, start, columns, planes);
  ctq_gather_scalars((const float *)scalars, rows, count, BASE, gathered);
  for (size_t i = 0; i < count; i++) {
    const size_t from = rows[i] - BASE, to = start + i;
    for (uint32_t c = 0; c < columns; c++) {
      for (uint32_t p = 0; p < planes; p++)
        expect(byte_there(source + from / 32 * block, columns, planes, p, from % 32, c) ==
                   byte_there(target + to / 32 * block, columns, planes, p, to % 32, c),
               "ctq_gather_rows", columns, planes);
      expect(byte_there(source + from / 32 * block, columns, planes, planes - 1, from % 32, c) ==
                 byte_there(last + to / 32 * 32 * columns, columns, 1, 0, to % 32, c),
             "ctq_gather_last_planes", columns, planes);
    }
    expect(memcmp(gathered + i, scalars + 4 * from, 4) == 0, "ctq_gather_scalars", from, 32);
  }
  uint8_t *parts[] = {source, target, last, scalars, (uint8_t *)gathered};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

static void check_layout(void) {
  const uint32_t widths[] = {1, 2, 3, 4, 8};
  for (size_t w = 0; w < 5; w++)
    for (size_t d = 1; d <= 70; d++) check_rows(d, widths[w]);
  for (uint32_t bits = 1; bits <= 8; bits++)
    for (size_t steps = 1; steps <= 9; steps++) check_quads(steps, steps % 3 * 4, bits);
  for (uint32_t columns = 1; columns <= 9; columns++) check_copies(columns, 1 + columns % 4);
  check_copies(5, 7);
  for (uint32_t columns = 1; columns <= 9; columns++)
    for (uint32_t planes = 1; planes <= 7; planes++) check_gathering(columns, planes);
}

// MARK: Sums

/// Values an operand takes; the extremes show a sum that is too narrow.
typedef enum values { RANDOM, LARGEST_VALUES, OPPOSITE_VALUES, VALUE_KINDS } values;

typedef struct scan {
  ctq_blocks blocks;
  uint32_t bits;
  size_t queries, shift;
  values values;
} scan;

/// A magnitude of at most `most`, or that with either sign.
static int32_t value_for(values values, int32_t most, int is_signed) {
  int32_t random = (int32_t)(next_word() % (uint32_t)(most + 1));
  if (is_signed && next_word() % 2) random = -random;
  return values == RANDOM ? random : values == OPPOSITE_VALUES && is_signed ? -most : most;
}

static void check_scan_lut(const scan *s) {
  const size_t each = (s->blocks.columns + 3) / 4 * 128 * s->bits, count = s->queries * each;
  uint8_t *tables = random_bytes(count, s->shift);
  for (size_t i = 0; i < count; i++) {
    size_t table = i % each / 16, column = table / (8 * s->bits) * 4 + table % 4;
    tables[i] = column < s->blocks.columns ? (uint8_t)value_for(s->values, 127, 0) : 0;
  }
  for (int side = 0; side < 2; side++)
    both(side)->scan.scan_lut(&s->blocks, s->bits, tables, s->queries, first[side] + s->shift % 4,
                              s->blocks.count * 32 + SUM_GAP);
  release(tables, s->shift);
}

/// Tables of a query whose sums reach what a table can hold.
static void check_fill_lookup_tables(uint32_t columns, uint32_t planes, size_t shift) {
  static float u[8 * 257 + 32];
  const size_t bytes = (columns + 3) / 4 * 128 * planes;
  static uint8_t filled[2][257 * 256 + 32];
  fill(u, 8 * columns + shift, columns + shift, 0);
  float widest = 0;
  for (size_t i = 0; i < 2 * columns; i++) {
    float half = 0;
    for (size_t k = 0; k < 4; k++) half += fabsf(u[shift + 4 * i + k]);
    widest = half > widest ? half : widest;
  }
  const float factors[] = {63.5f / widest, 20.25f / widest};
  for (int side = 0; side < 2; side++) {
    memset(filled[side], 7, sizeof filled[side]);
    both(side)->scan.fill_lookup_tables(u + shift, columns, factors, planes, filled[side] + shift);
  }
  expect_equal(filled[0], filled[1], shift + bytes + 16, "fill_lookup_tables", columns, planes);
}

/// The coordinate whose weight stands at `place` of a query.
static size_t coordinate_of(size_t place) {
  return place / 32 * 32 + place % 4 * 8 + place / 8 % 4 + place / 4 % 2 * 4;
}

static void check_scan_i8(const scan *s) {
  size_t padded = (s->blocks.columns + 3) / 4 * 32, dimension = 8 * s->blocks.columns - s->shift % 8;
  uint8_t *centroids = random_bytes(16, s->shift);
  int8_t *weights = (int8_t *)random_bytes(s->queries * padded, s->shift);
  for (size_t i = 0; i < 16; i++) centroids[i] = (uint8_t)value_for(s->values, 127, 0);
  for (size_t i = 0; i < s->queries * padded; i++)
    weights[i] = coordinate_of(i % padded) < dimension ? (int8_t)value_for(s->values, 64, 1) : 0;
  for (int side = 0; side < 2; side++)
    both(side)->scan.scan_i8(&s->blocks, s->bits, centroids, weights, s->queries, first[side] + s->shift % 4,
                             s->blocks.count * 32 + SUM_GAP);
  release(centroids, s->shift);
  release(weights, s->shift);
}

static void check_scan_i16(const scan *s) {
  size_t padded = (s->blocks.columns + 3) / 4 * 32, dimension = 8 * s->blocks.columns - s->shift % 8;
  size_t shift = 2 * s->shift;
  uint16_t *magnitudes = (uint16_t *)random_bytes(2 * 128, shift);
  int16_t *weights = (int16_t *)random_bytes(2 * s->queries * padded, shift);
  for (size_t i = 0; i < 128; i++) magnitudes[i] = (uint16_t)value_for(s->values, 4095, 0);
  for (size_t i = 0; i < s->queries * padded; i++)
    weights[i] = coordinate_of(i % padded) < dimension ? (int16_t)value_for(s->values, 4095, 1) : 0;
  for (int side = 0; side < 2; side++)
    both(side)->scan.scan_i16(&s->blocks, magnitudes, weights, s->queries, first[side] + s->shift % 4,
                              s->blocks.count * 32 + SUM_GAP);
  release(magnitudes, shift);
  release(weights, shift);
}

/// One scan of random codes; strides leave gaps that grow with `shift`.
static void check_scan(uint32_t columns, uint32_t bits, size_t count, size_t queries, size_t shift, values values) {
  scan s = {.bits = bits, .queries = queries, .shift = shift, .values = values};
  s.blocks = (ctq_blocks){.sign_stride = 32 * columns + shift, .count = count, .columns = columns};
  state = columns + 1000 * shift + 100000 * count;
  size_t sign_bytes = s.blocks.sign_stride * count - shift, lower_bits_bytes = 0;
  if (bits > 1) {
    s.blocks.lower_bits_stride = 32 * columns * (bits - 1) + 3 * shift;
    lower_bits_bytes = s.blocks.lower_bits_stride * count - 3 * shift;
  }
  uint8_t *signs = random_bytes(sign_bytes, shift);
  uint8_t *lower_bits = bits > 1 ? random_bytes(lower_bits_bytes, shift) : 0;
  // Sums of centroids of either sign reach their largest where all have the same.
  if (bits == 8 && values != RANDOM) memset(signs, 0xff, sign_bytes);
  s.blocks.signs = signs;
  s.blocks.lower_bits = lower_bits;
  poison();
  if (bits <= 2) check_scan_lut(&s);
  else if (bits <= 4) check_scan_i8(&s);
  else check_scan_i16(&s);
  const char *kernel = bits <= 2 ? "scan_lut" : bits <= 4 ? "scan_i8" : "scan_i16";
  expect_equal(first[0], first[1], sizeof first[0], kernel, columns, bits);
  release(signs, shift);
  if (lower_bits) release(lower_bits, shift);
}

static void check_all_tables(void) {
  for (uint32_t columns = 1; columns <= 257; columns += columns < 20 ? 1 : 79)
    for (uint32_t planes = 1; planes <= 2; planes++)
      for (size_t shift = 0; shift < 16; shift += 5) check_fill_lookup_tables(columns, planes, shift);
}

/// Around the borders of rounds (128 / bits columns for tables, 48 and 16 for products; on AVX-512 64, and 192
/// for products of 4 bits), with every number of blocks and queries and every kind of value; then every
/// misalignment.
static void check_all_scans(uint32_t bits) {
  const uint32_t far[] = {15, 16, 17, 31, 32, 33, 47, 48, 49, 50, 63, 64, 65, 97, 127, 128, 129, 191, 192, 193, 257};
  const size_t products[] = {1, 2, 3, 15, 16}, tables[] = {1, 2, 3, 4};
  const size_t *queries = bits <= 2 ? tables : products, kinds = bits <= 2 ? 4 : 5;
  for (uint32_t columns = 1; columns <= 13; columns++)
    for (size_t count = 1; count <= 3; count++)
      for (size_t q = 0; q < kinds; q++)
        for (int v = 0; v < VALUE_KINDS; v++) check_scan(columns, bits, count, queries[q], columns, (values)v);
  for (size_t i = 0; i < sizeof far / sizeof *far; i++)
    for (size_t q = 0; q < kinds; q += 2)
      for (int v = 0; v < VALUE_KINDS; v++) check_scan(far[i], bits, 1 + i % 3, queries[q], i, (values)v);
  for (size_t shift = 0; shift < 32; shift++)
    for (size_t q = 0; q < kinds; q++) check_scan(5, bits, 2, queries[q], shift, RANDOM);
}

/// Products with random codes in quads, codes that end their memory.
static void check_attend_i8(size_t steps, uint32_t bits, size_t groups, size_t queries, size_t shift, values values) {
  const size_t quads = steps * ctq_quads_per_step(bits);
  state = steps + 1000 * shift + 100000 * groups + bits;
  uint8_t *codes = random_bytes(groups * quads * 8 * bits, shift), *centroids = random_bytes(16, shift);
  int8_t *weights = (int8_t *)random_bytes(queries * 4 * quads, shift);
  for (size_t i = 0; i < 16; i++) centroids[i] = (uint8_t)value_for(values, 127, 0);
  for (size_t i = 0; i < queries * 4 * quads; i++) weights[i] = (int8_t)value_for(values, 64, 1);
  poison();
  for (int side = 0; side < 2; side++)
    both(side)->attention.attend_i8(codes, bits, groups, quads, centroids, weights, queries, codes,
                                    first[side] + shift % 4, 16 * groups + SUM_GAP);
  expect_equal(first[0], first[1], sizeof first[0], "attend_i8", quads, bits);
  release(codes, shift);
  release(centroids, shift);
  release(weights, shift);
}

/// The same with 5 to 8 bits.
static void check_attend_i16(size_t steps, uint32_t bits, size_t groups, size_t queries, size_t shift, values values) {
  const size_t quads = steps * ctq_quads_per_step(bits), half = (size_t)1 << (bits - 1), count = queries * 4 * quads;
  state = steps + 1000 * shift + 100000 * groups + bits;
  uint8_t *codes = random_bytes(groups * quads * 8 * bits, shift);
  uint16_t *magnitudes = (uint16_t *)random_bytes(2 * half, 2 * shift);
  int16_t *weights = (int16_t *)random_bytes(2 * count, 2 * shift);
  // Sums of centroids of either sign reach their largest where all have the same.
  if (values != RANDOM) memset(codes, 0xff, groups * quads * 8 * bits);
  for (size_t i = 0; i < half; i++) magnitudes[i] = (uint16_t)value_for(values, 2047, 0);
  for (size_t i = 0; i < count; i++) weights[i] = (int16_t)value_for(values, 4095, 1);
  poison();
  for (int side = 0; side < 2; side++)
    both(side)->attention.attend_i16(codes, bits, groups, quads, magnitudes, weights, queries, codes,
                                     first[side] + shift % 4, 16 * groups + SUM_GAP);
  expect_equal(first[0], first[1], sizeof first[0], "attend_i16", quads, bits);
  release(codes, shift);
  release(magnitudes, 2 * shift);
  release(weights, 2 * shift);
}

/// Around the borders of the rounds of wide ones too, CTQ_ATTEND_I16_QUADS quads.
static void check_all_attend(void) {
  const size_t queries[] = {1, 2, 3, 4, 5, 16}, counts[] = {1, 3, 6, 9, 17, 30, 57, 64, 65, 128, 130};
  for (uint32_t bits = 5; bits <= 8; bits++)
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
      for (size_t q = 0; q < 6; q++)
        for (int v = 0; v < VALUE_KINDS; v++) {
          const size_t step_quads = ctq_quads_per_step(bits), steps = (counts[c] + step_quads - 1) / step_quads;
          check_attend_i16(steps, bits, 1 + steps % 3, queries[q], counts[c] + q, (values)v);
        }
  for (uint32_t bits = 1; bits <= 4; bits++)
    for (size_t steps = 1; steps <= 17; steps += steps < 5 ? 1 : 6)
      for (size_t q = 0; q < 6; q++)
        for (int v = 0; v < VALUE_KINDS; v++)
          check_attend_i8(steps, bits, 1 + steps % 3, queries[q], 3 * steps + q, (values)v);
}

// MARK: From sums to rows

/// Selection by a threshold and a filter. Infinities, both zeros and NaNs are among the similarities. The outputs have
/// room for `count` rows and no more.
static void check_selection(const ctq_similarity_terms *terms, const float *similarities, size_t count,
                            const uint32_t *allowed, float threshold) {
  uint32_t *rows[2];
  float *kept[2];
  size_t found[2];
  for (int side = 0; side < 2; side++) {
    rows[side] = (uint32_t *)random_bytes(4 * count, 0);
    kept[side] = (float *)random_bytes(4 * count, 0);
    found[side] = both(side)->scan.select_rows(terms, count, allowed, threshold, kept[side], rows[side]);
  }
  expect_equal(found, found + 1, sizeof *found, "select_rows's count", count, 0);
  expect_equal(rows[0], rows[1], 4 * found[0], "select_rows", count, 0);
  expect_equal(kept[0], kept[1], 4 * found[0], "select_rows's similarities", count, 0);
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (!(similarities[i] >= threshold) || (allowed && !(allowed[i / 32] >> i % 32 & 1))) continue;
    expect(at < found[1] && rows[1][at] == i && kept[1][at] == similarities[i], "select_rows", count, 0);
    at++;
  }
  expect(at == found[1], "select_rows", count, 1);
  for (int side = 0; side < 2; side++) {
    free(rows[side]);
    free(kept[side]);
  }
}

/// Rows whose terms are there, or not zero, where the bits of `kinds` say so.
static void check_similarities(size_t count, size_t shift, unsigned kinds) {
  static float norms[LARGEST], alignments[LARGEST], along[LARGEST], addends[LARGEST];
  fill(norms, LARGEST, count, 3);
  fill(alignments, LARGEST, count + 1, 0);
  for (size_t i = 0; i < LARGEST; i++) alignments[i] = fabsf(alignments[i]);
  fill(along, LARGEST, count + 3, 3);
  fill(addends, LARGEST, count + 4, 3);
  fill(input, LARGEST, count + 2, 20);
  for (size_t i = 3; i < count; i += 11) input[shift + i] = i % 2 ? INFINITY : -INFINITY;
  for (size_t i = 5; i < count; i += 13) input[shift + i] = NAN;
  const ctq_similarity_terms terms = {input + shift,
                                      kinds & 1 ? norms + shift : 0,
                                      kinds & 2 ? alignments + 2 * shift : 0,
                                      kinds & 4 ? along + shift : 0,
                                      kinds & 8 ? addends + shift : 0,
                                      0.37f,
                                      -1.25f,
                                      kinds & 16 ? 0.61f : 0,
                                      kinds & 32 ? 0.09f : 0,
                                      -0.83f};
  poison();
  for (int side = 0; side < 2; side++) both(side)->scan.similarities(&terms, count, first[side] + shift);
  expect_equal(first[0], first[1], sizeof first[0], "similarities", count, shift);

  const float *similarities = first[0] + shift;
  const uint32_t allowed[] = {next_word(), next_word(), next_word()};
  const float thresholds[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e6f};
  for (size_t t = 0; t < 6; t++)
    for (int filtered = 0; filtered < 2; filtered++)
      check_selection(&terms, similarities, count, filtered ? allowed : 0, thresholds[t]);
  for (size_t i = 0; i < count; i += 3)
    check_selection(&terms, similarities, count, i % 2 ? allowed : 0, similarities[i]);
}

static void check_scans(void) {
  const uint32_t widths[] = {1, 2, 3, 4, 8};
  check_all_tables();
  for (size_t w = 0; w < 5; w++) check_all_scans(widths[w]);
  check_all_attend();
  for (size_t count = 0; count <= 70; count++)
    for (size_t shift = 0; shift < 4; shift++)
      for (unsigned kinds = 0; kinds < 64; kinds++) check_similarities(count, shift, kinds);
}
