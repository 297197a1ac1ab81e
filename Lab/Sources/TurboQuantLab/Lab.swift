package import TurboQuant

/// The figures of the lab.
///
/// Each figure is a function of the reader's setting and, if it needs them, of the sample vectors.
package struct Lab: Sendable {
  private var codecs = CodecStore()
  /// The sample vectors, which figures 2 and 3 may use and figure 11 needs.
  package var samples: Samples?

  package init() {}

  /// The report of a figure; number 12 is the part of figure 11 about all queries.
  ///
  /// - Precondition: The figure exists, the setting has a value for each of its controls, and the sample
  ///   vectors are loaded if the setting needs them.
  /// - Throws: ``CodecError`` when the codec refuses the setting.
  package mutating func report(
    figure: Int, _ setting: Setting
  ) throws(CodecError) -> Report {
    switch figure {
    case 1: return try Projections.report(setting)
    case 2: return try SpikyCoordinate.report(setting, samples)
    case 3: return try RateDistortion.report(setting, samples, &codecs)
    case 4: return try Angles.report(setting)
    case 5: return try DistanceRatio.report(setting)
    case 6: return try AnyPairFails.report(setting)
    case 7: return try ArcCosine.report(setting)
    case 8: return try SignBits.report(setting)
    case 9: return try Storage.report(setting)
    case 10: return try Chain.report(setting)
    case 11: return try Search.report(setting, neededSamples, &codecs)
    case 12: return try Recall.report(setting, neededSamples, &codecs)
    default: preconditionFailure("there is no figure \(figure)")
    }
  }

  private var neededSamples: Samples {
    guard let samples else { preconditionFailure("the sample vectors are not loaded") }
    return samples
  }
}
