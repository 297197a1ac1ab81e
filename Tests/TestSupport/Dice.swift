internal import TurboQuant

/// The choices and numbers of one test, all from its seed.
package struct Dice {
  private var stream: RandomStream

  package init(seed: UInt64) { stream = RandomStream(seed: seed, purpose: .testData) }

  /// 0 ..< `bound`.
  package mutating func below(_ bound: Int) -> Int {
    Int(stream.nextInteger(below: UInt32(bound)))
  }

  package mutating func isOne(in count: Int) -> Bool { below(count) == 0 }

  package mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
    choices[below(choices.count)]
  }

  /// A normal deviate.
  package mutating func normal() -> Float { Float(stream.nextNormal()) }

  /// `count` normal deviates.
  package mutating func normals(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in scale * normal() }
  }

  /// About one of `share` values, in their order.
  package mutating func some<Value>(_ values: [Value], oneIn share: Int) -> [Value] {
    values.filter { _ in isOne(in: share) }
  }
}
