// Rows of angles, for equality.c: every target against the scalar one, to the bit, and that one against double
// precision.

enum { ANGLE_ROWS = 35, ANGLE_DIMENSION = 260, ANGLE_LEVELS = 6, ANGLE_QUERIES_TRIED = 7 };

/// Levels with centroids anywhere on the circle, and others for the last angle.
typedef struct angle_shape {
  ctq_angles angles;
  ctq_angle_level levels[ANGLE_LEVELS];
  float points[ANGLE_LEVELS][4][256];
} angle_shape;

static void make_angle_shape(angle_shape *s, uint32_t dimension, uint32_t level_count, const uint32_t *bits) {
  uint32_t left = dimension, end = 0;
  for (uint32_t l = 0; l < level_count; l++) {
    const uint32_t centroids = 1u << bits[l];
    const int is_ragged = left % 2 || dimension % (2u << l);
    for (size_t c = 0; c < ctq_angle_entries(bits[l]); c++) {
      const double angle = 0.7 + 6.2831853 * (double)(c % centroids) / centroids, last = angle + (is_ragged ? 0.3 : 0);
      s->points[l][0][c] = (float)cos(angle), s->points[l][1][c] = (float)sin(angle);
      s->points[l][2][c] = (float)cos(last), s->points[l][3][c] = (float)sin(last);
    }
    s->levels[l] = (ctq_angle_level){.bits = bits[l],
                                     .count = left / 2,
                                     .byte_offset = end,
                                     .cosines = s->points[l][0],
                                     .sines = s->points[l][1],
                                     .last_cosines = s->points[l][l > 0 ? 2 : 0],
                                     .last_sines = s->points[l][l > 0 ? 3 : 1]};
    end += (left / 2 * bits[l] + 7) / 8;
    left = (left + 1) / 2;
  }
  s->angles =
      (ctq_angles){.dimension = dimension, .level_count = level_count, .radii_offset = end, .levels = s->levels};
}

/// The value of a float16 that is neither subnormal nor special.
static double radius_of(const uint8_t *bytes) {
  const uint32_t h = bytes[0] | (uint32_t)bytes[1] << 8;
  return ldexp(1024 + (h & 0x3ff), (int)(h >> 10 & 31) - 25) * (h >> 15 ? -1 : 1);
}

/// Decodes a row in double precision, from the radii down, and multiplies it with a query. Returns the product and
/// writes the sum of magnitudes.
static double decoded_product(const ctq_angles *angles, const uint8_t *row, const float *query, double *magnitude) {
  static double parts[ANGLE_DIMENSION];
  for (size_t block = 0; block < ctq_block_count(angles); block++)
    parts[block] = radius_of(row + angles->radii_offset + 2 * block);
  for (uint32_t l = angles->level_count; l-- > 0;) {
    const ctq_angle_level *level = &angles->levels[l];
    const size_t count = (angles->dimension + (1u << l) - 1) >> l;
    if (count % 2) parts[count - 1] = parts[count / 2];
    for (size_t i = level->count; i-- > 0;) {
      const int is_last = i + 1 == level->count;
      const uint32_t code = packed_code(row + level->byte_offset, level->bits, i);
      parts[2 * i + 1] = parts[i] * (double)(is_last ? level->last_sines : level->sines)[code];
      parts[2 * i] = parts[i] * (double)(is_last ? level->last_cosines : level->cosines)[code];
    }
  }
  double sum = 0;
  *magnitude = 0;
  for (size_t i = 0; i < angles->dimension; i++) {
    sum += parts[i] * (double)query[i];
    *magnitude += fabs(parts[i] * (double)query[i]);
  }
  return sum;
}

/// Every term takes two roundings per level, one with the radius, and one per block that is added after it (Higham,
/// Accuracy and Stability, section 3.1).
static void expect_decoded(const ctq_angles *angles, const uint8_t *rows, size_t stride, size_t row_count,
                           const float *query, const float *sums) {
  const double roundings = 2 * angles->level_count + (double)ctq_block_count(angles);
  for (size_t r = 0; r < row_count; r++) {
    double magnitude;
    const double exact = decoded_product(angles, rows + r * stride, query, &magnitude);
    const double bound = roundings * 0x1p-24 / (1 - roundings * 0x1p-24) * magnitude + 1e-40;
    if (fabs((double)sums[r] - exact) <= bound) continue;
    printf("scalar: angle_products gives %g, not %g, for %u dimensions\n", (double)sums[r], exact, angles->dimension);
    exit(1);
  }
}

/// Rows that end where memory does, `gap` bytes between them.
static void check_angle_rows(const angle_shape *s, size_t row_count, size_t gap, size_t query_count) {
  const ctq_angles *angles = &s->angles;
  const size_t row_bytes = ctq_angle_row_bytes(angles), stride = row_bytes + gap;
  const size_t byte_count = (row_count - 1) * stride + row_bytes, table_count = ctq_angle_table_count(angles);
  uint8_t *rows = malloc(byte_count);
  float *tables[2], *work = malloc(ctq_angle_work_count(angles) * sizeof *work);
  for (size_t i = 0; i < byte_count; i++) rows[i] = (uint8_t)next_word();
  for (size_t r = 0; r < row_count; r++)
    for (size_t block = 0; block < ctq_block_count(angles); block++) {
      uint8_t *high = rows + r * stride + angles->radii_offset + 2 * block + 1;
      *high = (uint8_t)((*high & 0x83) | (8 + next_word() % 10) << 2);
    }
  fill(input, query_count * angles->dimension, row_count, 0);
  poison();
  for (int side = 0; side < 2; side++) {
    tables[side] = malloc(query_count * table_count * sizeof(float));
    for (size_t q = 0; q < query_count; q++)
      both(side)->attention.angle_tables(angles, input + q * angles->dimension, tables[side] + q * table_count);
    both(side)->attention.angle_products(angles, rows, stride, row_count, byte_count, tables[0], query_count, rows,
                                         work, first[side] + gap, ANGLE_ROWS + 2);
  }
  expect_equal(tables[0], tables[1], query_count * table_count * sizeof(float), "angle_tables", angles->dimension,
               query_count);
  expect_equal(first[0], first[1], sizeof first[0], "angle_products", angles->dimension, query_count);
  for (size_t q = 0; q < query_count; q++)
    expect_decoded(angles, rows, stride, row_count, input + q * angles->dimension,
                   first[0] + gap + q * (ANGLE_ROWS + 2));
  free(rows), free(work), free(tables[0]), free(tables[1]);
}

static void check_angles(void) {
  static angle_shape shape;
  const uint32_t dimensions[] = {2, 3, 7, 16, 17, 31, 33, 48, 64, 71, 80, 100, 127, 128, 255, 256, 257};
  // The standard rates, then what has no copy of its own.
  const uint32_t widths[][ANGLE_LEVELS] = {{3, 1, 1, 1}, {4, 2, 2, 2}, {5, 3, 3, 3}, {6, 4, 4, 4},
                                           {7, 5, 5, 5}, {8, 6, 6, 6}, {2, 1, 3, 2}, {1, 7, 8, 5, 4, 6},
                                           {4, 4, 4, 4}, {5},          {8, 3, 7},    {3, 3, 2, 1, 1}};
  state = 26;
  for (size_t d = 0; d < sizeof dimensions / sizeof *dimensions; d++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
      uint32_t levels = 0;
      while (levels < ANGLE_LEVELS && widths[w][levels] > 0 && 2u << levels <= dimensions[d]) levels++;
      make_angle_shape(&shape, dimensions[d], levels, widths[w]);
      for (size_t queries = 1; queries <= ANGLE_QUERIES_TRIED; queries += queries < 5 ? 1 : 2)
        for (size_t rows = 1; rows <= ANGLE_ROWS; rows += rows < 15 ? 7 : rows < 17 ? 1 : 18)
          check_angle_rows(&shape, rows, (d + w) % 4, queries);
    }
}
