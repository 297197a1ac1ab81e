/// An upper triangle, row by row.
enum Triangle {
  /// The d of d(d + 1)/2 numbers.
  static func dimension(ofCount count: Int) -> Int? {
    var d = 0
    while d * (d + 1) / 2 < count { d += 1 }
    return d * (d + 1) / 2 == count ? d : nil
  }

  /// Where row `i` begins, with the number on the diagonal.
  static func start(ofRow i: Int, _ dimension: Int) -> Int { i * dimension - i * (i - 1) / 2 }

  /// The inverse, an upper triangle too.
  static func inverse(_ rows: [Double], _ dimension: Int) -> [Double] {
    var inverse = [Double](repeating: 0, count: rows.count)
    // Row i of T·X = 1, from the last row up: X_ij = (δ_ij − Σ_{k > i} T_ik X_kj) / T_ii.
    for i in (0..<dimension).reversed() {
      let row = start(ofRow: i, dimension)
      var sums = [Double](repeating: 0, count: dimension - i)
      sums[0] = 1
      for k in i + 1..<max(i + 1, dimension) {
        let (factor, other) = (rows[row + k - i], start(ofRow: k, dimension))
        for j in k..<dimension { sums[j - i] -= factor * inverse[other + j - k] }
      }
      for j in sums.indices { inverse[row + j] = sums[j] / rows[row] }
    }
    return inverse
  }
}
