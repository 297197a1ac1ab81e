import TurboQuant
import TurboQuantKernels

extension Moments {
  /// The standard deviation of single numbers.
  var deviation: Double { standardError * squareRoot(Double(count)) }
}
