/** Which template the report follows, its normal text, and the way to one's own macros. */
import { Button, Kbd, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { REPORT_KEYS } from './keys';
import type { Template } from './templates';
import classes from './Writing.module.css';
import type { Tongue } from './words';

interface Props {
  templates: readonly Template[];
  template: Template | undefined;
  /** The report follows it already. */
  taken: boolean;
  tongue: Tongue;
  onChoose: (template: Template | undefined) => void;
  onFill: (template: Template) => void;
  onMacros: () => void;
}

export function TemplateBar({ templates, template, taken, tongue, onChoose, onFill, onMacros }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes.template}>
      <label className={classes.choose}>
        <span>{t('report.template')}</span>
        <select
          value={template?.code ?? ''}
          onChange={(event) => onChoose(templates.find((one) => one.code === event.currentTarget.value))}
        >
          <option value="">{t('report.template-none')}</option>
          {templates.map((one) => (
            <option key={one.code} value={one.code}>
              {one.name[tongue]} {one.shortcut}
            </option>
          ))}
        </select>
      </label>
      {template?.normal_text[tongue].findings && (
        <Button size="compact-xs" variant={taken ? 'default' : 'light'} onClick={() => onFill(template)}>
          {t('report.fill')}{' '}
          <Kbd size="xs" ml={6}>
            {REPORT_KEYS.fill.shown}
          </Kbd>
        </Button>
      )}
      <UnstyledButton className={classes.link ?? ''} onClick={onMacros}>
        {t('macro.title')}
      </UnstyledButton>
    </div>
  );
}
