/// Unicode's normalization form C (UAX #15).
///
/// Foundation's normalization is not used: on Linux it takes U+20054 for the letter T. The standard
/// library has a correct one, but does not offer it on any platform. Decompositions never change after a
/// scalar is assigned, so they are in a table. Everything else comes from the standard library's
/// properties.
enum CanonicalForm {
  /// The text in form C.
  static func composed(_ text: String) -> String {
    // Below U+0300 no scalar combines, and no composition consists only of such scalars.
    if text.unicodeScalars.allSatisfy({ $0.value < 0x300 }) { return text }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: compose(ordered(decomposed(text.unicodeScalars))))
    return String(result)
  }

  /// A scalar and its canonical combining class: 0 for one that starts a character.
  private struct Mark {
    let scalar: Unicode.Scalar
    let order: UInt8

    init(_ scalar: Unicode.Scalar) {
      self.scalar = scalar
      order = scalar.properties.canonicalCombiningClass.rawValue
    }
  }

  private static func decomposed(_ text: String.UnicodeScalarView) -> [Mark] {
    var marks: [Mark] = []
    func add(_ scalar: Unicode.Scalar) {
      if let parts = Hangul.parts(of: scalar) ?? Decompositions.parts[scalar] {
        parts.forEach(add)
      } else {
        marks.append(Mark(scalar))
      }
    }
    text.forEach(add)
    return marks
  }

  /// Sorts each run of combining marks by class; marks of the same class stay in order.
  private static func ordered(_ marks: [Mark]) -> [Mark] {
    var marks = marks
    var start = 0
    while start < marks.count {
      guard marks[start].order > 0 else {
        start += 1
        continue
      }
      let end = marks[start...].firstIndex { $0.order == 0 } ?? marks.endIndex
      let run = marks[start..<end].enumerated().sorted {
        ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
      }
      marks.replaceSubrange(start..<end, with: run.map(\.element))
      start = end
    }
    return marks
  }

  /// Joins each scalar with the last starting scalar before it, unless a scalar in between blocks it.
  private static func compose(_ marks: [Mark]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var start: Int?
    // The class of the last scalar since the start that was not joined; nil if there is none.
    var between: UInt8?
    for mark in marks {
      if let start, between.map({ $0 > 0 && $0 < mark.order }) ?? true,
        let joined = join(result[start], mark.scalar)
      {
        result[start] = joined
        continue
      }
      if mark.order == 0 {
        (start, between) = (result.count, nil)
      } else {
        between = mark.order
      }
      result.append(mark.scalar)
    }
    return result
  }

  private static func join(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    Hangul.join(first, second) ?? Decompositions.joined[.init(first: first, second: second)]
  }
}

/// The syllables of Hangul, whose decompositions are arithmetic.
private enum Hangul {
  private static let (syllables, leads, vowels, tails): (UInt32, UInt32, UInt32, UInt32) = (
    0xac00, 0x1100, 0x1161, 0x11a7
  )
  private static let (leadCount, vowelCount, tailCount): (UInt32, UInt32, UInt32) = (19, 21, 28)
  private static let syllableCount = leadCount * vowelCount * tailCount

  /// The two parts: a syllable and a tail, or a lead and a vowel.
  static func parts(of scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
    guard (syllables..<syllables + syllableCount).contains(scalar.value) else { return nil }
    let index = scalar.value - syllables
    let (open, tail) = (index / tailCount, index % tailCount)
    let parts =
      tail > 0
      ? [syllables + open * tailCount, tails + tail]
      : [leads + open / vowelCount, vowels + open % vowelCount]
    return parts.compactMap { Unicode.Scalar($0) }
  }

  static func join(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    if (leads..<leads + leadCount).contains(first.value),
      (vowels..<vowels + vowelCount).contains(second.value)
    {
      let open = (first.value - leads) * vowelCount + second.value - vowels
      return Unicode.Scalar(syllables + open * tailCount)
    }
    guard (syllables..<syllables + syllableCount).contains(first.value),
      (first.value - syllables) % tailCount == 0,
      (tails + 1..<tails + tailCount).contains(second.value)
    else { return nil }
    return Unicode.Scalar(first.value + second.value - tails)
  }
}
