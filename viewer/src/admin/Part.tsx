import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Part.module.css';

interface PartProps {
  title: string;
  count: number;
  empty: string;
  note?: string;
  more?: string;
  heads: string[];
  children: ReactNode;
}

/** A part of an administrator's page: a table with its count, what it means, and what stands there when it is empty. */
export function Part({ title, count, empty, note, more, heads, children }: PartProps) {
  return (
    <section className={classes.part} aria-label={title}>
      <h2>
        {title} <span className={classes.count}>{count}</span>
      </h2>
      {count === 0 ? (
        <p className={classes.empty}>{empty}</p>
      ) : (
        <>
          {note && <p className={classes.note}>{note}</p>}
          <Table verticalSpacing={6} fz="sm">
            <Table.Thead>
              <Table.Tr>
                {heads.map((head) => (
                  <Table.Th key={head}>{head}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>{children}</Table.Tbody>
          </Table>
          {more && <p className={classes.note}>{more}</p>}
        </>
      )}
    </section>
  );
}
