#ifndef CTQ_DEMO_DATA_H
#define CTQ_DEMO_DATA_H

// The vectors and texts of `turboquant demo`, compiled into the program.
//
// Embeddings by all-MiniLM-L6-v2, of unit length, of Debian package descriptions; the descriptions
// are under the licences of their packages. Row i of a .npy file belongs to line i of its text.

#include <stddef.h>

typedef struct {
  const unsigned char *bytes;
  size_t count;
} ctq_demo_file;

ctq_demo_file ctq_demo_vectors(void);       // .npy, float16, 5000 × 384
ctq_demo_file ctq_demo_vector_texts(void);  // UTF-8, one text per line
ctq_demo_file ctq_demo_queries(void);       // .npy, float16, 200 × 384
ctq_demo_file ctq_demo_query_texts(void);   // UTF-8, one text per line

#endif
