import type { Random } from '../random.ts';

/** A person's name, and what its mail address is made of. */
export interface PersonName {
  readonly givenName: string;
  readonly surname: string;
  /** Lower-case ASCII, e.g. `zoe.lindqvist`. */
  readonly nickname: string;
}

// A name in another script is followed by its usual Latin form, for the mail address.
const GIVEN = (
  'Adele Ahmed Aiko Alex Alžběta Amara Amélie Ana Anders André Anjali Antonín Aoife Arjun Astrid Ayşe Beatriz Benedikt ' +
  'Bjørn Bożena Camille Carlos Chiara Chidi Chloé Christie Dag Daniela Diego Dmitri Dörte Ebba Edoardo Élodie Emeka Emily ' +
  'Eszter Fatima Fernando Françoise Gabriel Gerhart Grady Greta Günther Hanna Håkon Helga Henrietta Hiroshi Inês Irvin Isaiah ' +
  'Ivana Jana Jérôme Joni José Johanna Jörg Julián Kateřina Kenji Kwame Lars Lee Lidia Łukasz Lynne Małgorzata Marta Mateus ' +
  'Megan Miriam Moritz Nadia Nestor Ngozi Niamh Noémie Olga Oğuz Patti Pavel Pradeep Renée Roísín Sana Siân Søren Stéphane ' +
  'Svetlana Tamás Thandiwe Tomáš Ulrike Valérie Viktor Wanjiru Xavier Yara Yuki Zoë Žofie ' +
  'Ольга|Olga Дмитрий|Dmitry Ελένη|Eleni Γιώργος|Giorgos 伟|Wei 秀英|Xiuying さくら|Sakura 민준|Minjun محمد|Mohammed שרה|Sarah'
).split(' ');

const SURNAMES = (
  'Abe Adeyemi Almeida Andersson Ångström Bakker Barbosa Bauer Beneš Bernard Błaszczyk Bowen Brânză Campos Čapek Castillo ' +
  "Cermák Chaudhry Costa Da|Costa Dąbrowski D'Angelo Diallo Dubois Dvořák Eriksson Esposito Fernández Ferrari Fischer Fjellstad " +
  'García Giménez González Grönlund Gruber Haas Håkansson Hansen Hernández Horvat Høyer Huber Ibáñez Ivanov Jansen Jiménez ' +
  'Johansson Jørgensen Kaya Keller Khan Kim Kovács Kowalska Křížová Kuznetsova Lambert Larsen Lefèvre Lidman Lindqvist López ' +
  'Łukasik MacGregor Mäkinen Martins Meyer Moreau Müller Mutua Nakamura Navarro Ní|Ceallaigh Nielsen Novák Nowak Núñez ' +
  "O'Brien O'Neill Öberg Okafor Oliveira Østergaard Özdemir Papadakis Park Pereira Pérez Popescu Quintero Račić Reyes Richter " +
  'Rodríguez Rossi Sánchez Sasaki Schäfer Šimánek Singh Sørensen Souza Suzuki Świątek Szabó Tanaka Thörn Tóth Uchida Vance ' +
  'Vasilyev Vega Věselý Virtanen Wagner Weber Wilber Wójcik Yamada Yılmaz Zając Zhang Zieliński ' +
  'Иванова|Ivanova Παπαδόπουλος|Papadopoulos 王|Wang 田中|Tanaka 김|Kim حسن|Hassan'
).split(' ');

const PLAIN: Record<string, string> = {
  ß: 'ss',
  ø: 'o',
  Ø: 'O',
  æ: 'ae',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  ı: 'i',
  ð: 'd',
};

/** Lower-case ASCII letters and digits of a name. */
export function asciiOf(name: string): string {
  return name
    .replace(/[ßøØæłŁđıð]/g, (letter) => PLAIN[letter] ?? letter)
    .normalize('NFD')
    .replace(/[^A-Za-z0-9]/g, '')
    .toLowerCase();
}

function split(entry: string): { readonly shown: string; readonly ascii: string } {
  const [shown = entry, latin] = entry.split('|');
  // 'Da|Costa' is two words, '王|Wang' is one word in two scripts.
  if (latin !== undefined && /^[A-Za-zÀ-ž]/.test(shown))
    return { shown: `${shown} ${latin}`, ascii: asciiOf(shown + latin) };
  return { shown, ascii: asciiOf(latin ?? shown) };
}

const GIVEN_NAMES = GIVEN.map(split);
const FAMILY_NAMES = SURNAMES.map(split);

/** A random name out of some 15,000. */
export function personName(random: Random): PersonName {
  const given = random.pick(GIVEN_NAMES);
  const family = random.pick(FAMILY_NAMES);
  return { givenName: given.shown, surname: family.shown, nickname: `${given.ascii}.${family.ascii}` };
}

/** Departments of an ordinary company. */
export const DEPARTMENTS = [
  'Accounting',
  'Engineering',
  'Executive',
  'HR',
  'Legal',
  'Marketing',
  'Operations',
  'Sales',
] as const;

/** Job titles of an ordinary company. */
export const JOB_TITLES = [
  'Analyst',
  'Assistant',
  'Counsel',
  'Designer',
  'Developer',
  'Director',
  'Engineer',
  'Manager',
] as const;

/** Where its offices are. */
export const OFFICES = [
  '18/2111',
  '20/1101',
  '24/1106',
  'Köln 3.04',
  'Malmö',
  'São Paulo 12',
  'Łódź',
] as const;
