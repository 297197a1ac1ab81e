// Equalizations as arrays of a caller: the numbers of all heads, one after another.

internal import CTurboQuant
internal import TurboQuantKVCache

extension KVEqualization {
  /// The equalization of a caller's numbers; nil for none.
  static func of(
    _ kind: tq_equalization, numbers: UnsafePointer<Float>?, count: Int, heads: Int
  ) throws -> KVEqualization? {
    let numbers = try unsafe input(numbers, count: count, "equalization")
    guard kind != tq_equalization(TQ_EQUALIZATION_NONE) else {
      guard numbers.isEmpty else {
        throw CallError.options("numbers of an equalization have no effect without its kind")
      }
      return nil
    }
    let kind = try Kind.named(kind)
    guard heads > 0, numbers.count % heads == 0 else {
      throw CallError.value(
        numbers.count, "as many numbers of an equalization for each of \(heads) heads")
    }
    let length = numbers.count / heads
    return try KVEqualization(
      kind, heads: (0..<heads).map { unsafe Array(numbers[$0 * length..<($0 + 1) * length]) })
  }

  /// The numbers of one head of `dimension` coordinates.
  static func length(_ kind: Kind, _ dimension: Int) -> Int {
    kind == .diagonal ? dimension : dimension * (dimension + 1) / 2
  }
}

extension KVEqualization.Kind {
  /// The kind that `number` names, which has no default.
  static func named(_ number: tq_equalization) throws(CallError) -> KVEqualization.Kind {
    switch Int(number) {
    case TQ_EQUALIZATION_DIAGONAL: .diagonal
    case TQ_EQUALIZATION_MATRIX: .matrix
    default:
      throw .value(
        number, "a tq_equalization: TQ_EQUALIZATION_DIAGONAL or TQ_EQUALIZATION_MATRIX")
    }
  }

  /// The number of the kind.
  var number: tq_equalization {
    tq_equalization(self == .diagonal ? TQ_EQUALIZATION_DIAGONAL : TQ_EQUALIZATION_MATRIX)
  }
}
