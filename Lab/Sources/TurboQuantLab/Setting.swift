/// What a reader has set: the positions of a figure's controls, in the order of the page, and the
/// seed that names every random choice.
package struct Setting: Sendable {
  package let values: [Double]
  package let seed: UInt64

  package init(values: [Double], seed: UInt64) {
    self.values = values
    self.seed = seed
  }

  /// The position of control `i`.
  ///
  /// - Precondition: The figure has such a control.
  subscript(i: Int) -> Double { values[i] }

  /// The position of control `i` as a whole number.
  ///
  /// - Precondition: It is one, within `range`; the page offers no other.
  func integer(_ i: Int, in range: ClosedRange<Int>) -> Int {
    let value = Int(values[i])
    precondition(
      Double(value) == values[i] && range.contains(value), "control \(i) is out of range")
    return value
  }
}
