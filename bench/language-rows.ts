/** Captions in each language of the lexicons, for the benchmark `languages`: written for it by a language model, as no free captions in all of them are at hand. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Field, Schema, Utf8, vectorFromArray } from 'apache-arrow';
import { LEXICON_LANGUAGES, type LexiconLanguage } from '../schemas/languages.js';
import { cacheFolder, type Options } from './options.js';
import { saveRows, snappyParquet } from './save-rows.js';
import { mulberry32 } from './synth.js';

const SEED = 8;

/** Of ten, three name a person: about as many captions of two do as do in COCO. */
const CLAUSES: Readonly<Record<LexiconLanguage, readonly string[]>> = {
  en: [
    'a nurse in the hospital',
    'an old man on a bench',
    'two girls with a kite',
    'a red bus in the street',
    'fresh bread on the table',
    'a lake in the mountains',
    'the sky over the city at night',
    'blue ceramic cup',
    'a cat asleep on the sofa',
    'new collection for autumn',
  ],
  ar: [
    'ممرضة في المستشفى',
    'رجل عجوز في الحديقة',
    'والمعلمات في المدرسة',
    'حافلة حمراء في الشارع',
    'خبز طازج على الطاولة',
    'بحيرة بين الجبال',
    'السماء فوق المدينة ليلا',
    'فنجان أزرق من الخزف',
    'قطة نائمة على الأريكة',
    'مجموعة جديدة للخريف',
  ],
  de: [
    'eine Krankenschwester im Krankenhaus',
    'ein alter Mann auf der Bank',
    'zwei Mädchen mit einem Drachen',
    'ein roter Bus auf der Straße',
    'frisches Brot auf dem Tisch',
    'ein See in den Bergen',
    'der Himmel über der Stadt bei Nacht',
    'blaue Tasse aus Keramik',
    'eine Katze schläft auf dem Sofa',
    'neue Kollektion für den Herbst',
  ],
  es: [
    'una enfermera en el hospital',
    'un anciano en el banco',
    'dos niñas con una cometa',
    'un autobús rojo en la calle',
    'pan recién hecho sobre la mesa',
    'un lago entre las montañas',
    'el cielo sobre la ciudad de noche',
    'taza azul de cerámica',
    'un gato duerme en el sofá',
    'nueva colección de otoño',
  ],
  fr: [
    "une infirmière à l'hôpital",
    'un vieil homme sur un banc',
    'deux filles avec un cerf-volant',
    'un bus rouge dans la rue',
    'du pain frais sur la table',
    'un lac dans les montagnes',
    'le ciel au-dessus de la ville la nuit',
    'tasse bleue en céramique',
    'un chat dort sur le canapé',
    "nouvelle collection d'automne",
  ],
  hi: [
    'अस्पताल में एक नर्स',
    'बूढ़ा आदमी बेंच पर',
    'पतंग के साथ दो लड़कियाँ',
    'सड़क पर लाल बस',
    'मेज पर ताज़ी रोटी',
    'पहाड़ों में एक झील',
    'रात में शहर का आसमान',
    'नीला चीनी मिट्टी का कप',
    'सोफे पर सोती बिल्ली',
    'शरद ऋतु का नया संग्रह',
  ],
  it: [
    "un'infermiera in ospedale",
    'un uomo anziano sulla panchina',
    'due bambine con un aquilone',
    'un autobus rosso per strada',
    'pane fresco sulla tavola',
    'un lago tra le montagne',
    'il cielo sopra la città di notte',
    'tazza blu di ceramica',
    'un gatto dorme sul divano',
    "nuova collezione per l'autunno",
  ],
  ja: [
    '病院の看護師',
    'ベンチに座るおじいさん',
    '凧を持つ二人の女の子',
    '通りを走る赤いバス',
    'テーブルの上の焼きたてのパン',
    '山の中の湖',
    '夜の街の空',
    '青い陶器のカップ',
    'ソファで眠る猫',
    '秋の新しいコレクション',
  ],
  ko: [
    '병원의 간호사',
    '벤치에 앉은 할아버지',
    '연을 든 두 소녀가',
    '거리의 빨간 버스',
    '식탁 위의 갓 구운 빵',
    '산속의 호수',
    '밤의 도시 위 하늘',
    '파란 도자기 컵',
    '소파에서 자는 고양이',
    '가을 신상품 모음',
  ],
  nl: [
    'een verpleegster in het ziekenhuis',
    'een oude man op een bank',
    'twee meisjes met een vlieger',
    'een rode bus in de straat',
    'vers brood op tafel',
    'een meer in de bergen',
    'de lucht boven de stad bij nacht',
    'blauwe kop van keramiek',
    'een kat slaapt op de sofa',
    'nieuwe collectie voor de herfst',
  ],
  pt: [
    'uma enfermeira no hospital',
    'um homem idoso no banco',
    'duas meninas com uma pipa',
    'um ônibus vermelho na rua',
    'pão fresco sobre a mesa',
    'um lago entre as montanhas',
    'o céu sobre a cidade à noite',
    'xícara azul de cerâmica',
    'um gato dorme no sofá',
    'nova coleção de outono',
  ],
  ru: [
    'медсестра в больнице',
    'пожилой мужчина на скамейке',
    'две девочки с воздушным змеем',
    'красный автобус на улице',
    'свежий хлеб на столе',
    'озеро в горах',
    'небо над городом ночью',
    'синяя керамическая чашка',
    'кошка спит на диване',
    'новая коллекция на осень',
  ],
  tr: [
    'hastanede bir hemşire',
    'bankta oturan yaşlı adam',
    'uçurtmalı iki küçük kız',
    'sokakta kırmızı bir otobüs',
    'masada taze ekmek',
    'dağların arasında bir göl',
    'gece şehrin üzerindeki gökyüzü',
    'mavi seramik fincan',
    'kanepede uyuyan kedi',
    'sonbahar için yeni koleksiyon',
  ],
  zh: [
    '医院里的护士',
    '坐在长椅上的老爷爷',
    '两个放风筝的女孩',
    '街上的红色公交车',
    '桌上的新鲜面包',
    '山间的湖泊',
    '夜晚城市的天空',
    '蓝色陶瓷杯',
    '在沙发上睡觉的猫',
    '秋季新品系列',
  ],
};

const SCHEMA = new Schema(['text', 'language'].map((name) => new Field(name, new Utf8(), true)));

/** The file of `rows` rows, made once: a language in turn, text `"<clause>, <clause> #<row>"` of clauses drawn, and its code. */
export async function languageRows(options: Options, rows: number): Promise<string> {
  const file = join(cacheFolder(options, 'languages'), `languages-${rows}.parquet`);
  if (existsSync(file)) return file;
  const random = mulberry32(SEED);
  const draw = (clauses: readonly string[]) => clauses[Math.floor(random() * clauses.length)]!;
  await saveRows(file, {
    schema: SCHEMA,
    writer: snappyParquet(SCHEMA),
    rows,
    columns(from, length) {
      const languages = Array.from({ length }, (_, i) => LEXICON_LANGUAGES[(from + i) % LEXICON_LANGUAGES.length]!);
      const texts = languages.map((of, i) => `${draw(CLAUSES[of])}, ${draw(CLAUSES[of])} #${from + i}`);
      return [texts, languages].map((strings) => vectorFromArray(strings, new Utf8()).data[0]!);
    },
  });
  return file;
}
