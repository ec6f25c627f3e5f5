/** One section of the report: plain text in which fields and measurements are linked places, with macros and calm warnings. */
import { type KeyboardEvent, type RefCallback, useId, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Link } from '../api/types';
import { LintList } from './LintList';
import { apply, changeBetween, linkAt, pieces, shifted } from './links';
import { commandAt, exactly, type Offer, offersFor } from './macros';
import type { LintFinding } from './node';
import classes from './SectionEditor.module.css';
import { MAX_LENGTH } from './written';

interface Props {
  section: string;
  label: string;
  /** The key that leads here. */
  hotkey?: string;
  value: string;
  links: readonly Link[];
  language: string;
  rows: number;
  error?: string | null;
  findings: readonly LintFinding[];
  offers: readonly Offer[];
  input: RefCallback<HTMLTextAreaElement>;
  onChange: (text: string, links: Link[]) => void;
  /** Takes what the list offered in place of `[from, to)`; gives where the caret is to stand. */
  onTake: (offer: Offer, from: number, to: number) => number;
  onCaret: (at: number) => void;
  onShow: (link: Link) => void;
}

export function SectionEditor(props: Props) {
  const { section, label, hotkey, value, links, language, rows, error, findings, offers } = props;
  const { t } = useTranslation();
  const id = useId();
  const area = useRef<HTMLTextAreaElement | null>(null);
  const wantedCaret = useRef<number | null>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const [closed, setClosed] = useState<number | null>(null);
  const [chosen, setChosen] = useState(0);
  const own = links.filter((link) => link.section === section);

  useLayoutEffect(() => {
    if (wantedCaret.current === null || !area.current) return;
    area.current.setSelectionRange(wantedCaret.current, wantedCaret.current);
    setCaret(wantedCaret.current);
    wantedCaret.current = null;
  });

  const command = caret === null ? null : commandAt(value, caret);
  const offered = command && command.from !== closed ? offersFor(offers, command.typed) : [];
  const at = Math.min(chosen, offered.length - 1);
  const jump = caret === null ? undefined : linkAt(own, section, caret);

  const note = () => {
    const target = area.current;
    if (!target) return;
    const place = target.selectionStart === target.selectionEnd ? target.selectionStart : null;
    setCaret(place);
    props.onCaret(target.selectionEnd);
  };
  const take = (offer: Offer) => {
    if (!command || caret === null) return;
    wantedCaret.current = props.onTake(offer, command.from, caret);
    setChosen(0);
    area.current?.focus();
  };
  const replaceFinding = (finding: LintFinding) => {
    wantedCaret.current = finding.start + finding.expansion.length;
    const made = { from: finding.start, to: finding.end, text: finding.expansion };
    const same = own.find((link) => link.start === finding.start && link.end === finding.end);
    const again = same ? [{ ...same, end: same.start + finding.expansion.length }] : [];
    props.onChange(apply(value, made), [...shifted(links, section, made), ...again]);
    area.current?.focus();
  };

  const onInput = (target: HTMLTextAreaElement, composing: boolean) => {
    let text = target.value;
    if (!composing && text !== text.normalize('NFC')) {
      wantedCaret.current = text.slice(0, target.selectionEnd).normalize('NFC').length;
      text = text.normalize('NFC');
    }
    const made = changeBetween(value, text, wantedCaret.current ?? target.selectionEnd);
    setClosed(null);
    setChosen(0);
    props.onChange(text, shifted(links, section, made));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return; // the input method has this key
    const plain = !(event.ctrlKey || event.altKey || event.metaKey || event.shiftKey);
    if (!plain) return;
    const done = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (event.key === ' ' && command) {
      const offer = exactly(offers, command.typed);
      if (!offer) return;
      done();
      take(offer);
    } else if (offered.length && command) {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        done();
        setChosen((at + (event.key === 'ArrowDown' ? 1 : -1) + offered.length) % offered.length);
      } else if (event.key === 'Tab' || event.key === 'Enter') {
        done();
        take(offered[at]!);
      } else if (event.key === 'Escape') {
        done();
        setClosed(command.from);
      }
    } else if (event.key === 'Enter' && jump?.kind === 'mark' && caret !== null && caret < jump.end) {
      done();
      props.onShow(jump);
    } else if (event.key === 'Escape') event.currentTarget.blur();
  };

  const names = [error ? `${id}-error` : '', findings.length ? `${id}-lint` : ''].filter(Boolean).join(' ');
  return (
    <div className={classes.section} data-section={section}>
      <div className={classes.label}>
        <label htmlFor={id}>{label}</label>
        {hotkey && <kbd className={classes.key}>{hotkey}</kbd>}
      </div>
      <div className={classes.stack} data-error={Boolean(error)} style={{ '--rows': rows } as Record<string, unknown>}>
        <Mirror value={value} links={own} findings={findings} at={command?.from} />
        <textarea
          ref={(element) => {
            area.current = element;
            props.input(element);
          }}
          id={id}
          className={classes.area}
          value={value}
          lang={language}
          spellCheck={false}
          maxLength={MAX_LENGTH}
          rows={rows}
          autoComplete="off"
          aria-invalid={Boolean(error)}
          aria-describedby={names || undefined}
          aria-keyshortcuts={hotkey}
          aria-autocomplete="list"
          aria-controls={offered.length ? `${id}-list` : undefined}
          aria-activedescendant={offered.length ? `${id}-${at}` : undefined}
          onChange={(event) =>
            onInput(event.currentTarget, (event.nativeEvent as Partial<InputEvent>).isComposing ?? false)
          }
          onCompositionEnd={(event) => onInput(event.currentTarget, false)}
          onSelect={note}
          onFocus={note}
          onBlur={() => setCaret(null)}
          onClick={(event) => {
            const place = event.currentTarget.selectionStart;
            const link = linkAt(own, section, place);
            if (link?.kind === 'mark' && place === event.currentTarget.selectionEnd && place < link.end)
              props.onShow(link);
          }}
          onKeyDown={onKeyDown}
        />
        {offered.length > 0 && (
          <Offers id={id} offers={offered} at={at} stack={area} label={t('macro.list')} onTake={take} />
        )}
      </div>
      {jump?.kind === 'mark' && <p className={classes.hint}>{t('report.token-hint')}</p>}
      {error && (
        <p id={`${id}-error`} className={classes.error}>
          {error}
        </p>
      )}
      {findings.length > 0 && <LintList id={`${id}-lint`} findings={findings} onReplace={replaceFinding} />}
    </div>
  );
}

/** The same text behind the one that is written: it gives the height, and the colours of what is linked. */
function Mirror({
  value,
  links,
  findings,
  at,
}: Pick<Props, 'value' | 'links' | 'findings'> & { at: number | undefined }) {
  let position = 0;
  return (
    <div className={classes.mirror} aria-hidden="true">
      {pieces(value, links, findings).map((piece) => {
        const start = position;
        position += piece.text.length;
        const kind = piece.link?.kind ?? (piece.mark === undefined ? 'text' : 'lint');
        const here = kind === 'text' && at !== undefined && at >= start && at < position;
        return (
          <span key={start} className={classes[kind]} data-kind={kind}>
            {here ? piece.text.slice(0, at - start) : piece.text}
            {here && <span data-caret="" />}
            {here && piece.text.slice(at - start)}
          </span>
        );
      })}
      {'\u200b'}
    </div>
  );
}

interface OffersProps {
  id: string;
  offers: readonly Offer[];
  at: number;
  stack: { current: HTMLTextAreaElement | null };
  label: string;
  onTake: (offer: Offer) => void;
}

function Offers({ id, offers, at, stack, label, onTake }: OffersProps) {
  const [top, setTop] = useState<number | null>(null);
  useLayoutEffect(() => {
    const mark = stack.current?.parentElement?.querySelector<HTMLElement>('[data-caret]');
    setTop(mark ? mark.offsetTop + 24 : null);
  }, [stack]);
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label={label}
      className={classes.offers}
      style={top ? { top } : undefined}
    >
      {offers.map((offer, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the text field, which keeps the focus
        <div
          key={`${offer.shortcut} ${offer.name}`}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          className={classes.offer}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(offer)}
        >
          <span className={classes.shortcut}>{offer.shortcut}</span>
          <span className={classes.name}>{offer.name}</span>
        </div>
      ))}
    </div>
  );
}

/** A section that is only read: measurements are buttons that lead to their image. */
export function SectionText({
  section,
  label,
  value,
  links,
  language,
  onShow,
}: Pick<Props, 'section' | 'label' | 'value' | 'links' | 'language' | 'onShow'>) {
  const { t } = useTranslation();
  const own = links.filter((link) => link.section === section && link.kind === 'mark');
  let position = 0;
  return (
    <section className={classes.section} aria-label={label}>
      <h3 className={classes.label}>{label}</h3>
      <p className={classes.read} lang={language}>
        {pieces(value, own, []).map(({ text, link }) => {
          const start = position;
          position += text.length;
          return link ? (
            <button
              key={start}
              type="button"
              className={classes.token}
              title={t('report.token-show')}
              onClick={() => onShow(link)}
            >
              {text}
            </button>
          ) : (
            text
          );
        })}
      </p>
    </section>
  );
}
