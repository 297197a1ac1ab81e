/// Sums that measure how well estimates agree with the truth.
package struct Agreement: Sendable {
  private var cross = 0.0
  private var truthSquares = 0.0
  private var errorSquares = 0.0
  /// Sums of squares and products, in units of the product of both lengths.
  private var relativeEstimates = 0.0
  private var relativeProducts = 0.0
  private var relativeTruths = 0.0
  private var pairs = 0.0
  private var queries = 0
  private var expected = 0
  private var found = 0
  private var nearestFirst = 0
  private var nearestFound = 0

  package init() {}

  /// Adds a pair of row and query; `scale` is the product of their lengths.
  package mutating func addPair(estimate: Double, truth: Double, scale: Double) {
    cross += estimate * truth
    truthSquares += truth * truth
    guard scale > 0 else { return }
    let error = (estimate - truth) / scale
    errorSquares += error * error
    relativeEstimates += estimate * estimate / (scale * scale)
    relativeProducts += estimate * truth / (scale * scale)
    relativeTruths += truth * truth / (scale * scale)
    pairs += 1
  }

  /// Adds the result of a query: ten rows, or all rows if there are fewer.
  package mutating func addSearch(found: [Int], expected: [Int]) {
    guard let nearest = expected.first else { return }
    queries += 1
    self.expected += expected.count
    self.found += Set(found).intersection(expected).count
    nearestFirst += found.first == nearest ? 1 : 0
    nearestFound += found.contains(nearest) ? 1 : 0
  }

  /// The share of the true ten nearest rows among the ten found.
  package var recallAt10: Double { Double(found) / Double(max(1, expected)) }

  /// The share of queries whose true nearest row came first.
  package var recall1At1: Double { Double(nearestFirst) / Double(max(1, queries)) }

  /// The share of queries whose true nearest row is among the ten found.
  package var recall1At10: Double { Double(nearestFound) / Double(max(1, queries)) }

  /// The least-squares slope of estimate on truth, through the origin; 1 when every truth is 0.
  package var slope: Double { truthSquares > 0 ? cross / truthSquares : 1 }

  /// The root mean square error, in units of the product of both lengths.
  package var rootMeanSquare: Double { pairs > 0 ? (errorSquares / pairs).squareRoot() : 0 }

  /// The mean square of estimate/slope − truth: the error without its bias.
  ///
  /// It is in units of the product of both lengths.
  package var varianceOverSlope: Double {
    guard pairs > 0, slope > 0 else { return 0 }
    let products = 2 * relativeProducts / slope
    return max(0, relativeEstimates / (slope * slope) - products + relativeTruths) / pairs
  }

  /// Adds two sets of sums.
  package static func + (a: Agreement, b: Agreement) -> Agreement {
    var both = a
    both.cross += b.cross
    both.truthSquares += b.truthSquares
    both.errorSquares += b.errorSquares
    both.relativeEstimates += b.relativeEstimates
    both.relativeProducts += b.relativeProducts
    both.relativeTruths += b.relativeTruths
    both.pairs += b.pairs
    both.queries += b.queries
    both.expected += b.expected
    both.found += b.found
    both.nearestFirst += b.nearestFirst
    both.nearestFound += b.nearestFound
    return both
  }
}

extension [Double] {
  /// The median; 0 if there are no numbers.
  package var median: Double {
    guard !isEmpty else { return 0 }
    let ascending = sorted()
    return (ascending[(count - 1) / 2] + ascending[count / 2]) / 2
  }
}
