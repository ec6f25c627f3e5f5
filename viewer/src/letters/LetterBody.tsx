import { useTranslation } from 'react-i18next';
import classes from './Letters.module.css';
import { type Letter, REASONS } from './types';

const ROLES = ['radiographer', 'clinician', 'radiologist', 'admin'] as const;

/** What a letter says, by its kind. */
export function LetterBody({ letter }: { letter: Letter }) {
  const { t } = useTranslation();
  const { kind, body } = letter;
  const role = ROLES.find((one) => one === body.role);
  const reason = REASONS.find((one) => one === body.reason);
  const facts: (string | false | undefined)[] = [
    kind === 'question' && body.blocking && letter.open && t('letters.blocking-said'),
    kind === 'repeat' && reason && t(`letters.reason.${reason}`),
    kind === 'repeated' && (body.repeated ? t('letters.repeated-yes') : t('letters.repeated-no')),
    kind === 'critical' && body.category && t(`letters.category.${body.category}`),
    kind === 'noted' && [body.name, role && t(`role.${role}`)].filter(Boolean).join(', '),
    kind === 'noted' && (body.read_back ? t('letters.read-back-yes') : t('letters.read-back-no')),
    kind === 'critical-over' &&
      (body.told ? t('letters.over-told', { name: body.noted_by }) : t('letters.over-withdrawn')),
    kind === 'acceptance' && body.accepted && t(`letters.accepted.${body.accepted}`),
    kind === 'outcome' && body.agrees && t(`letters.agrees.${body.agrees}`),
    kind === 'request' && body.urgent && t('priority.urgent'),
  ];
  const said = facts.filter(Boolean).join(' · ');
  const texts = [body.summary, body.diagnosis, body.course, kind === 'acceptance' ? body.reason : '', body.text];
  return (
    <>
      {said && <p className={classes.facts}>{said}</p>}
      {texts.filter(Boolean).map((text) => (
        <p key={text} className={classes.text}>
          {text}
        </p>
      ))}
      {body.questions && body.questions.length > 0 && (
        <ol className={classes.questions}>
          {body.questions.map((question) => (
            <li key={question}>{question}</li>
          ))}
        </ol>
      )}
    </>
  );
}
