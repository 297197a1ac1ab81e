internal import TurboQuant
internal import TurboQuantKernels

/// What centring owes to the scores of stored keys: ⟨q, c⟩, or ⟨q, R_p·b⟩ page by page.
///
/// ⟨q, R_{s+j}·b⟩ = ⟨R_{−s}·q, R_j·b⟩: the turned biases of one page serve all pages, and the query
/// turns back from page to page.
enum KeyBias: Sendable {
  case none
  case fixed([Float])
  /// R_j·b for j = 0 … 63, one after another.
  case turned(table: [Float], RotaryEmbedding)

  init(_ centre: [Float], _ centring: KVCentring) {
    guard !centre.isEmpty else {
      self = .none
      return
    }
    guard let rotary = centring.rotary else {
      self = .fixed(centre)
      return
    }
    let table = (0..<Page.rowCount).flatMap { rotary.turned(centre, to: Double($0)) }
    self = .turned(table: table, rotary)
  }
}

extension RotaryEmbedding {
  /// cos and sin of `positions` · frequency of each pair.
  func turn(by positions: Double) -> [SIMD2<Double>] {
    frequencies.map {
      let (cosine, sine) = Portable.cosineAndSine(positions * $0)
      return SIMD2(cosine, sine)
    }
  }

  /// Turns `vector` by what `turn` says.
  func apply(_ turn: [SIMD2<Double>], to vector: inout [Double]) {
    for i in turn.indices {
      let (a, b) = pair(i)
      let (x, y) = (vector[a], vector[b])
      vector[a] = turn[i].x * x - turn[i].y * y
      vector[b] = turn[i].y * x + turn[i].x * y
    }
  }
}

/// A query on its way through the pages of a head.
struct TurningQuery {
  private let table: [Float]
  private let rotary: RotaryEmbedding
  private var query: [Double]
  private let pageTurn: [SIMD2<Double>]

  /// `query` at `position`, the first page's first token.
  init(_ query: Span<Float>, table: [Float], _ rotary: RotaryEmbedding, position: Int) {
    self.table = table
    self.rotary = rotary
    self.query = query.indices.map { Double(query[$0]) }
    rotary.apply(rotary.turn(by: -Double(position)), to: &self.query)
    pageTurn = rotary.turn(by: -Double(Page.rowCount))
  }

  /// Adds `scale` · ⟨q, R_p·b⟩ to the scores of the next page.
  mutating func addNext(
    _ kernels: Kernels, scale: Float, to scores: inout FloatBuffer, _ scratch: inout FloatBuffer
  ) {
    var turned = FloatBuffer(count: query.count)
    var target = turned.mutableSpan
    for i in query.indices { target[i] = Float(query[i]) }
    kernels.multiplyTransposed(
      columns: table.span, rowCount: query.count, turned, into: &scratch)
    var sums = scores.mutableSpan
    let products = scratch.span
    for r in 0..<Page.rowCount { sums[r] += scale * products[r] }
    rotary.apply(pageTurn, to: &query)
  }
}
