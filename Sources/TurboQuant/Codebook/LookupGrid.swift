package import TurboQuantKernels

extension LookupGrid {
  /// The smallest grid of 32, 64, … cells that separates `boundaries`, or nil beyond 2,048 cells.
  ///
  /// The cell of y is computed here exactly as the kernels compute it. The cell never decreases
  /// with y, so a value in a later cell than a boundary lies above that boundary, whatever the
  /// rounding.
  package init?(boundaries ascending: [Float]) {
    guard let first = ascending.first, let last = ascending.last else { return nil }
    var count = 32
    while count <= 2048 {
      let span = last - first
      // There is one spare cell at each end; a single boundary gets cells of any size.
      let scale = span > 0 ? Float(count - 3) / span : 1
      let offset = 1.5 - first * scale
      if let grid = LookupGrid(ascending, count: count, scale: scale, offset: offset) {
        self = grid
        return
      }
      count *= 2
    }
    return nil
  }

  private init?(_ ascending: [Float], count: Int, scale: Float, offset: Float) {
    guard scale.isFinite, offset.isFinite else { return nil }
    var boundaries = [Float](repeating: .infinity, count: count)
    for boundary in ascending {
      let position = boundary * scale + offset
      let cell = Int(min(max(position, 0), Float(count - 1)))
      guard boundaries[cell] == .infinity else { return nil }
      boundaries[cell] = boundary
    }
    var below: UInt32 = 0
    let bases = boundaries.map { boundary in
      defer { below += boundary == .infinity ? 0 : 1 }
      return below
    }
    self.init(scale: scale, offset: offset, boundaries: boundaries, bases: bases)
  }
}
