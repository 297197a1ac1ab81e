internal import CTurboQuantKernels

/// The factors of a row's similarity; `ctq_similarity_terms` has the formula.
package struct SimilarityFactors: Sendable, Equatable {
  package var step: Float
  package var offset: Float
  package var normFactor: Float
  package var constant: Float
  package var alongFactor: Float

  package init(
    step: Float, offset: Float, normFactor: Float, constant: Float, alongFactor: Float = 0
  ) {
    self.step = step
    self.offset = offset
    self.normFactor = normFactor
    self.constant = constant
    self.alongFactor = alongFactor
  }
}

/// The little-endian float32 scalars of consecutive rows, borrowed.
///
/// A kind may be absent.
package struct SimilarityScalars: ~Escapable {
  let norms: RawSpan
  let alignments: RawSpan
  let along: RawSpan

  /// Absent norms and alignments stand for ones, absent components along a mean for zeros.
  ///
  /// No alignment is negative.
  @_lifetime(copy norms, copy alignments, copy along)
  package init(
    norms: RawSpan = RawSpan(), alignments: RawSpan = RawSpan(), along: RawSpan = RawSpan()
  ) {
    self.norms = norms
    self.alignments = alignments
    self.along = along
  }
}

/// The terms of the similarities of consecutive rows, borrowed: sums, scalars, and numbers that are added.
package struct SimilarityTerms: ~Escapable {
  let sums: Span<Float>
  let norms: RawSpan
  let alignments: RawSpan
  let along: RawSpan
  let addends: Span<Float>

  @_lifetime(copy sums, copy scalars, copy addends)
  package init(
    sums: Span<Float>, _ scalars: SimilarityScalars, addends: Span<Float> = Span()
  ) {
    let count = sums.count
    norms = scalars.norms
    alignments = scalars.alignments
    along = scalars.along
    precondition(norms.isEmpty || norms.byteCount >= 4 * count)
    precondition(alignments.isEmpty || alignments.byteCount >= 4 * count)
    precondition(along.isEmpty || along.byteCount >= 4 * count)
    precondition(addends.isEmpty || addends.count >= count)
    self.sums = sums
    self.addends = addends
  }

  /// Terms without alignments, all in memory; empty norms and components are absent.
  @_lifetime(copy sums, copy norms, copy along)
  package init(sums: Span<Float>, norms: Span<Float>, along: Span<Float>) {
    precondition(norms.isEmpty || norms.count >= sums.count)
    precondition(along.isEmpty || along.count >= sums.count)
    self.sums = sums
    self.norms = unsafe norms.bytes
    alignments = RawSpan()
    self.along = unsafe along.bytes
    addends = Span()
  }

  fileprivate func withRecord(
    _ f: SimilarityFactors, _ body: (UnsafePointer<ctq_similarity_terms>) -> Void
  ) {
    unsafe sums.withUnsafeBufferPointer { sums in
      unsafe norms.withUnsafeBytes { norms in
        unsafe alignments.withUnsafeBytes { alignments in
          unsafe along.withUnsafeBytes { along in
            unsafe addends.withUnsafeBufferPointer { addends in
              var terms = unsafe ctq_similarity_terms(
                sums: sums.baseAddress, norms: norms.floats, alignments: alignments.floats,
                along: along.floats, addends: addends.isEmpty ? nil : addends.baseAddress,
                step: f.step,
                offset: f.offset, norm_factor: f.normFactor, constant: f.constant,
                along_factor: f.alongFactor)
              unsafe body(&terms)
            }
          }
        }
      }
    }
  }
}

/// The rows that a scan selected, ascending, and their similarities.
package struct SelectedRows: Sendable {
  fileprivate var similarityMemory: [Float]
  fileprivate var rowMemory: [UInt32]
  /// How many there are.
  package fileprivate(set) var count = 0

  /// How many there can be.
  package var capacity: Int { rowMemory.count }

  /// Room for up to `capacity` rows.
  package init(capacity: Int) {
    similarityMemory = [Float](repeating: 0, count: capacity)
    rowMemory = [UInt32](repeating: 0, count: capacity)
  }

  package var similarities: Span<Float> {
    @_lifetime(borrow self) get { similarityMemory.span.extracting(first: count) }
  }
  package var rows: Span<UInt32> {
    @_lifetime(borrow self) get { rowMemory.span.extracting(first: count) }
  }
}

extension Kernels {
  /// `similarities` ← the similarities of as many rows.
  package func similarities(
    _ terms: borrowing SimilarityTerms, _ factors: SimilarityFactors,
    into similarities: inout MutableSpan<Float>
  ) {
    let count = similarities.count
    precondition(terms.sums.count >= count)
    unsafe similarities.withUnsafeMutableBufferPointer { similarities in
      unsafe terms.withRecord(factors) {
        unsafe table.pointee.scan.similarities($0, count, similarities.baseAddress)
      }
    }
  }

  /// `selected` ← the rows whose similarities are at least `threshold` and whose bits are set in `allowed`.
  ///
  /// `allowed` has one bit per row; if it is empty, all rows are allowed.
  package func selectRows(
    _ terms: borrowing SimilarityTerms, _ factors: SimilarityFactors, allowed: Span<UInt32>,
    threshold: Float,
    into selected: inout SelectedRows
  ) {
    precondition(selected.rowMemory.count >= terms.sums.count)
    precondition(allowed.isEmpty || allowed.count >= (terms.sums.count + 31) / 32)
    selected.count = select(
      terms, factors, allowed, threshold, &selected.similarityMemory, &selected.rowMemory)
  }

  /// The same.
  ///
  /// If `threshold` is −∞, `begin` gets the similarities of all allowed rows and returns a threshold.
  package func selectRows(
    _ terms: borrowing SimilarityTerms, _ factors: SimilarityFactors, allowed: Span<UInt32>,
    threshold: Float,
    begin: (Span<Float>) -> Float, into selected: inout SelectedRows
  ) {
    var better = threshold
    if threshold == -.infinity {
      if allowed.isEmpty {
        precondition(selected.similarityMemory.count >= terms.sums.count)
        var all = selected.similarityMemory.mutableSpan
        var similarities = all._mutatingExtracting(first: terms.sums.count)
        self.similarities(terms, factors, into: &similarities)
        better = begin(similarities.span)
      } else {
        selectRows(terms, factors, allowed: allowed, threshold: threshold, into: &selected)
        better = begin(selected.similarities)
      }
    }
    selectRows(terms, factors, allowed: allowed, threshold: better, into: &selected)
  }

  private func select(
    _ terms: borrowing SimilarityTerms, _ factors: SimilarityFactors, _ allowed: Span<UInt32>,
    _ threshold: Float,
    _ similarityMemory: inout [Float], _ rowMemory: inout [UInt32]
  ) -> Int {
    let count = terms.sums.count
    var similarities = similarityMemory.mutableSpan
    var rows = rowMemory.mutableSpan
    var found = 0
    unsafe similarities.withUnsafeMutableBufferPointer { similarities in
      unsafe rows.withUnsafeMutableBufferPointer { rows in
        unsafe allowed.withUnsafeBufferPointer { allowed in
          unsafe terms.withRecord(factors) {
            found = unsafe table.pointee.scan.select_rows(
              $0, count, allowed.isEmpty ? nil : allowed.baseAddress, threshold,
              similarities.baseAddress,
              rows.baseAddress)
          }
        }
      }
    }
    return found
  }
}

extension UnsafeRawBufferPointer {
  /// The floats there, or null where there are none.
  var floats: UnsafePointer<Float>? {
    count > 0 ? unsafe baseAddress?.assumingMemoryBound(to: Float.self) : nil
  }
}
