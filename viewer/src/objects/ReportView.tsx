/** A structured report or a key object selection of whatever template, to be read. */
import { Badge, Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { instanceThumbnail } from '../api/display';
import { queries } from '../api/queries';
import { dicomDate, personName } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { useViews } from '../viewport/views';
import { face, type Place } from './node';
import classes from './ReportView.module.css';
import { type Block, blocksOf, type Grid, imagesOf, saidBy, wordOf } from './tables';
import type { ContentItem, ReportDocument } from './types';

export function ReportView({ place }: { place: Place }) {
  const { t, i18n } = useTranslation();
  const report = useQuery(face('document', place));
  const language = i18n.language;
  const blocks = useMemo(() => (report.data ? blocksOf(report.data.root, language) : []), [report.data, language]);
  if (report.error) return <ErrorNote error={report.error} onRetry={() => void report.refetch()} />;
  if (!report.data) return <Loading />;
  const { root } = report.data;
  return (
    <article className={classes.paper} aria-label={wordOf(root.name, language)}>
      <Head document={report.data} />
      {report.data.kind === 'key-objects' ? (
        <KeyObjects document={report.data} study={place.study} />
      ) : (
        <Blocks blocks={blocks} depth={0} />
      )}
      {blocks.length === 0 && <p className={classes.soft}>{t('objects.empty-document')}</p>}
    </article>
  );
}

function Head({ document }: { document: ReportDocument }) {
  const { t, i18n } = useTranslation();
  const { root, completion, verification, preliminary, verifiers, date, institution, manufacturer } = document;
  const made = [dicomDate(date), institution, manufacturer].filter(Boolean).join(' · ');
  return (
    <header className={classes.head}>
      <h2>{wordOf(root.name, i18n.language) || t('view.document')}</h2>
      <Group gap={6}>
        {completion === 'PARTIAL' && <Badge color="yellow">{t('objects.partial')}</Badge>}
        {preliminary === 'PRELIMINARY' && <Badge color="yellow">{t('objects.preliminary')}</Badge>}
        {verification === 'VERIFIED' && <Badge color="teal">{t('objects.verified')}</Badge>}
        {verification === 'UNVERIFIED' && (
          <Badge color="gray" variant="outline">
            {t('objects.unverified')}
          </Badge>
        )}
      </Group>
      {made && <p className={classes.soft}>{made}</p>}
      {verifiers.map((one) => (
        <p key={one.name + one.at} className={classes.soft}>
          {t('objects.verified-by', { name: personName(one.name), date: dicomDate(one.at.slice(0, 8)) })}
        </p>
      ))}
    </header>
  );
}

function Blocks({ blocks, depth }: { blocks: readonly Block[]; depth: number }) {
  const { i18n } = useTranslation();
  return blocks.map((block, index) => {
    const key = index; // a document does not change
    switch (block.kind) {
      case 'leaf':
        return (
          <div key={key} className={classes.leaf}>
            {block.leaf.name && <span className={classes.name}>{block.leaf.name}</span>}
            <p>{block.leaf.value}</p>
            <Links item={block.leaf.item} />
          </div>
        );
      case 'values':
        return (
          <dl key={key} className={classes.values}>
            {block.leaves.map((leaf, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a document does not change
              <div key={at}>
                <dt>{leaf.name}</dt>
                <dd>
                  {leaf.value} <Links item={leaf.item} />
                </dd>
              </div>
            ))}
          </dl>
        );
      case 'grid':
        return <GridTable key={key} title={block.title} grid={block.grid} />;
      default:
        return (
          <section key={key} className={classes.section} data-depth={Math.min(depth, 3)}>
            {block.title && <h3>{block.title}</h3>}
            {saidBy(block.item, i18n.language) && <p>{saidBy(block.item, i18n.language)}</p>}
            <Blocks blocks={block.blocks} depth={depth + 1} />
          </section>
        );
    }
  });
}

function GridTable({ title, grid }: { title: string; grid: Grid }) {
  const { t } = useTranslation();
  const linked = grid.rows.some((row) => imagesOf(row.item).length > 0);
  return (
    <section className={classes.section}>
      <h3>
        {title} <span className={classes.soft}>({grid.rows.length})</span>
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={title}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">#</th>
              {linked && <th scope="col">{t('view.image')}</th>}
              {grid.columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a document does not change
              <tr key={index}>
                <th scope="row">{index + 1}</th>
                {linked && (
                  <td>
                    <Links item={row.item} />
                  </td>
                )}
                {row.values.map((value, at) => (
                  <td
                    key={grid.columns[at]}
                    data-number={/^[-\d.]/.test(value) || undefined}
                    data-long={value.length > 60 || undefined}
                  >
                    {value}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const MOST_LINKS = 4;

/** Jumps to the images that an item is about. */
function Links({ item }: { item: ContentItem }) {
  const { t } = useTranslation();
  const { show } = useViews();
  const images = imagesOf(item).slice(0, MOST_LINKS);
  if (!images.length) return null;
  return images.map(({ sop, frame }, index) => (
    <Button key={`${sop} ${frame}`} size="compact-xs" variant="light" onClick={() => show(sop, frame)}>
      {images.length > 1 ? t('objects.show-image-n', { n: index + 1 }) : t('objects.show-image')}
    </Button>
  ));
}

/** The images that somebody chose, with why. */
function KeyObjects({ document, study }: { document: ReportDocument; study: string }) {
  const { t, i18n } = useTranslation();
  const { show } = useViews();
  const detail = useQuery(queries.study(study));
  const here = new Set(
    detail.data?.series.flatMap((series) => series.instances.map((one) => one.sop_instance_uid)) ?? [],
  );
  const texts = (document.root.children ?? []).filter((item) => item.type === 'TEXT');
  const named = (document.root.children ?? []).flatMap(({ reference }) => (reference ? [reference] : []));
  // some writers name their images only in the evidence
  const images = named.length ? named : document.evidence.map((one) => ({ ...one, frames: [] as number[] }));
  const present = images.filter(({ sop }) => here.has(sop));
  return (
    <>
      {texts.map((item) => (
        <p key={item.value}>{saidBy(item, i18n.language)}</p>
      ))}
      <ul className={classes.keys}>
        {present.map(({ sop, series, frames }, index) => (
          <li key={`${sop} ${frames.join()}`}>
            <button type="button" onClick={() => show(sop, frames[0] ?? 1)}>
              {series && <img src={instanceThumbnail(study, series, sop)} alt="" loading="lazy" />}
              <span>{t('objects.show-image-n', { n: index + 1 })}</span>
            </button>
          </li>
        ))}
      </ul>
      {detail.data && present.length < images.length && (
        <p className={classes.soft} role="note">
          {t('objects.images-elsewhere', { n: images.length - present.length, total: images.length })}
        </p>
      )}
    </>
  );
}
