internal import CLlamaKernels

/// Elementwise passes over rows of floats.
enum Vectors {
  /// `gate = silu(gate) * up`.
  static func gate(_ gate: inout [Float], _ up: [Float]) {
    precondition(gate.count == up.count)
    let pieces = Pieces(total: gate.count, length: 1 << 14)
    unsafe gate.withUnsafeMutableBufferPointer { gate in
      unsafe up.withUnsafeBufferPointer { up in
        guard let gate = gate.baseAddress, let up = up.baseAddress else { return }
        inParallel(pieces.count) { index in
          let piece = pieces[index]
          unsafe lk_gate(gate + piece.lowerBound, up + piece.lowerBound, piece.count)
        }
      }
    }
  }

  /// Replaces each row of `width` logits by the logarithms of its softmax.
  static func logSoftmax(_ logits: inout [Float], width: Int) {
    precondition(width > 0 && logits.count % width == 0)
    let rows = Pieces(total: logits.count / width, length: 16)
    unsafe logits.withUnsafeMutableBufferPointer { logits in
      guard let logits = logits.baseAddress else { return }
      inParallel(rows.count) { index in
        for row in rows[index] { unsafe lk_log_softmax(logits + row * width, width) }
      }
    }
  }

  /// The divergence of each row of `q` from the same row of `p`, in nats; both are log-probabilities.
  static func divergences(_ p: ArraySlice<Float>, _ q: [Float], width: Int) -> [Float] {
    precondition(width > 0 && p.count == q.count && q.count % width == 0)
    let rows = Pieces(total: q.count / width, length: 16)
    return unsafe [Float](unsafeUninitializedCapacity: rows.total) { result, count in
      count = rows.total
      unsafe p.withUnsafeBufferPointer { p in
        unsafe q.withUnsafeBufferPointer { q in
          guard let p = p.baseAddress, let q = q.baseAddress, let to = result.baseAddress else {
            return
          }
          inParallel(rows.count) { index in
            for row in rows[index] {
              unsafe to[row] = lk_divergence(p + row * width, q + row * width, width)
            }
          }
        }
      }
    }
  }

  /// The place of the greatest number of each row; of equal ones, the first.
  static func likeliest(_ rows: [Float], width: Int) -> [Int] {
    precondition(width > 0 && rows.count % width == 0)
    return stride(from: 0, to: rows.count, by: width).map { start in
      var best = start
      for index in start..<start + width where rows[index] > rows[best] { best = index }
      return best - start
    }
  }

  /// Adds `addend` to `sum`, element by element.
  static func add(_ addend: [Float], to sum: inout [Float]) {
    precondition(addend.count == sum.count)
    for index in sum.indices { sum[index] += addend[index] }
  }

  /// Adds `bias` to each of the rows.
  static func add(bias: [Float], toRowsOf matrix: inout [Float]) {
    precondition(!bias.isEmpty && matrix.count % bias.count == 0)
    for start in stride(from: 0, to: matrix.count, by: bias.count) {
      for index in bias.indices { matrix[start + index] += bias[index] }
    }
  }
}
