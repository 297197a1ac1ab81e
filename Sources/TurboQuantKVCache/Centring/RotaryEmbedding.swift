internal import TurboQuant

extension RotaryEmbedding {
  /// R_p · `vector`, rounded to float32 once.
  ///
  /// With arithmetic that is the same everywhere, since it decides stored codes.
  func turned(_ vector: [Float], to position: Double) -> [Float] {
    var result = vector
    for i in frequencies.indices {
      let (cosine, sine) = Portable.cosineAndSine(position * frequencies[i])
      let (a, b) = pair(i)
      let (x, y) = (Double(vector[a]), Double(vector[b]))
      result[a] = Float(cosine * x - sine * y)
      result[b] = Float(sine * x + cosine * y)
    }
    return result
  }
}

/// Means of vectors, turned back where an embedding turned them.
enum Centre {
  /// The mean of `vectors`, the first of which stands at `firstPosition`.
  static func mean(
    of vectors: ArraySlice<Float>, dimension: Int, firstPosition: Int, _ rotary: RotaryEmbedding?
  ) -> [Float] {
    var sums = [Double](repeating: 0, count: dimension)
    let count = vectors.count / dimension
    for token in 0..<count {
      let start = vectors.startIndex + token * dimension
      let vector = Array(vectors[start..<start + dimension])
      let position = -Double(firstPosition + token)
      let still = rotary.map { $0.turned(vector, to: position) } ?? vector
      for i in 0..<dimension { sums[i] += Double(still[i]) }
    }
    return sums.map { Float($0 / Double(count)) }
  }
}
