import { useTranslation } from 'react-i18next';
import type { Link } from '../api/types';
import { SectionText } from './SectionEditor';
import { answerSection, SECTIONS, type Written } from './written';

/** The text for those who do not write it; empty sections are left out. */
export function Reading({ report, onShow }: { report: Written; onShow: (link: Link) => void }) {
  const { t } = useTranslation();
  const common = { links: report.links, language: report.language, onShow };
  return (
    <>
      {SECTIONS.filter((name) => report[name]).map((name) => (
        <SectionText key={name} {...common} section={name} label={t(`report.${name}`)} value={report[name]} />
      ))}
      {report.answers
        .map((one, index) => ({ ...one, section: answerSection(index) }))
        .filter(({ answer }) => answer)
        .map(({ section, question, answer }) => (
          <SectionText key={section} {...common} section={section} label={question} value={answer} />
        ))}
    </>
  );
}
