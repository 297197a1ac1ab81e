// Encodes the golden input with the codec of each golden file named on the command line, and
// compares the bytes: golden TARGET FILE.tqv ...
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int32_t tq_first_difference(const uint8_t *record, int32_t record_count, const uint8_t *rows,
                            int32_t rows_count);

// What Embedded Swift expects of its surroundings and a C library may lack.
#ifdef __wasm__
void *__stack_chk_guard = (void *)0x595e9fbd;
void __stack_chk_fail(void) { abort(); }
#endif
// Hash tables are seeded with this; none of them decides a stored byte.
void arc4random_buf(void *buffer, size_t count) { memset(buffer, 0x5a, count); }

static uint64_t u64(const uint8_t *bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

// The section called `name` by the table behind the 64 bytes of the header.
static const uint8_t *section(const uint8_t *file, const char *name, int32_t *count) {
  for (const uint8_t *entry = file + 64; entry < file + 64 + 2 * 64; entry += 64) {
    if (strncmp((const char *)entry, name, 16) != 0) continue;
    *count = (int32_t)u64(entry + 24);
    return file + u64(entry + 16);
  }
  fprintf(stderr, "no section %s\n", name);
  exit(1);
}

static int differs(const char *path) {
  static uint8_t file[1 << 16];
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) {
    perror(path);
    return 1;
  }
  size_t length = fread(file, 1, sizeof file, stream);
  fclose(stream);
  if (length < 192 || u64(file + 16) != length) {
    fprintf(stderr, "%s: not a whole golden file\n", path);
    return 1;
  }
  int32_t record_count, rows_count;
  const uint8_t *record = section(file, "codec", &record_count);
  const uint8_t *rows = section(file, "rows", &rows_count);
  int32_t difference = tq_first_difference(record, record_count, rows, rows_count);
  if (difference == -2) fprintf(stderr, "%s: the codec record is refused\n", path);
  if (difference >= 0) fprintf(stderr, "%s: byte %d of the rows differs\n", path, (int)difference);
  return difference != -1;
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  int failures = 0;
  for (int i = 1; i < count; i++) failures += differs(arguments[i]);
  printf("%d golden files, %d differ\n", count - 1, failures);
  return failures > 0;
}
