/// The reader's setting: the positions of a figure's controls and the seed.
///
/// The positions are in the order of the page. The seed determines every random choice.
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
  /// - Precondition: The position is a whole number in `range`; the page offers no other.
  func integer(_ i: Int, in range: ClosedRange<Int>) -> Int {
    let value = Int(values[i])
    precondition(
      Double(value) == values[i] && range.contains(value), "control \(i) is out of range")
    return value
  }
}
